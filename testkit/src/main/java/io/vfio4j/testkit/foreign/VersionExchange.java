// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit.foreign;

import static io.vfio4j.testkit.foreign.WireConstants.VERSION;

import io.vfio4j.model.ErrnoException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/**
 * The result of the VERSION exchange.
 *
 * @param minor the negotiated minor version
 * @param json the server's capabilities; empty if it sent none
 */
record VersionExchange(int minor, String json) {

  private static final int NUMBERS = 4;

  /**
   * Negotiates the version.
   *
   * @param connection a new connection
   * @param minor the minor version to request
   * @param json the client's capabilities; empty for none
   * @throws ProtocolViolationException if such a client does not accept the reply
   */
  static VersionExchange negotiate(ClientConnection connection, int minor, String json)
      throws IOException, ErrnoException {
    MessageBody request = MessageBody.empty().u16(0, minor);
    if (!json.isEmpty()) {
      request.text(json);
    }
    WireMessage reply = connection.call(VERSION, request);
    int size = reply.body().limit();
    if (reply.u32(0) != (reply.u32(0) >>> 16) << 16 || reply.u32(0) >>> 16 > minor) {
      throw new ProtocolViolationException("version 0x%08x instead of 0.%d".formatted(reply.u32(0), minor));
    }
    if (size > NUMBERS && (json.isEmpty() || reply.bytes(size - 1, 1)[0] != 0)) {
      throw new ProtocolViolationException(
          "a VERSION with capabilities that "
              + (json.isEmpty() ? "were not requested" : "are not terminated"));
    }
    String text = size > NUMBERS
        ? new String(reply.bytes(NUMBERS, size - NUMBERS - 1), StandardCharsets.UTF_8)
        : "";
    return new VersionExchange(reply.u32(0) >>> 16, text);
  }

  /** Returns the size of a VERSION message with this JSON, in bytes. */
  static int messageSize(String json) {
    return WireConstants.HEADER + NUMBERS
        + (json.isEmpty() ? 0 : json.getBytes(StandardCharsets.UTF_8).length + 1);
  }
}
