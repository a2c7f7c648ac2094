// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit.foreign;

import java.nio.ByteBuffer;

/**
 * The header of a message, without its size: {@code u16 id, u16 command, u32 size, u32 flags, u32 errno}, little-endian.
 *
 * @param id pairs a reply with its request
 * @param command the number of the command
 * @param flags type of the message and modifiers
 * @param errno of an error reply; otherwise 0
 */
record WireHeader(int id, int command, int flags, int errno) {

  static WireHeader request(int id, int command) {
    return new WireHeader(id, command, 0, 0);
  }

  /** Reads a header of {@link WireConstants#HEADER} bytes. */
  static WireHeader of(ByteBuffer bytes) {
    return new WireHeader(Short.toUnsignedInt(bytes.getShort(0)), Short.toUnsignedInt(bytes.getShort(2)),
        bytes.getInt(8), bytes.getInt(12));
  }

  /** Returns the header of the reply to this request. */
  WireHeader reply(int replyFlags, int replyErrno) {
    return new WireHeader(id, command, replyFlags, replyErrno);
  }

  /** Returns the bytes of a message with this header. */
  byte[] message(byte[] body) {
    return MessageBody.empty().u16(id, command).u32(WireConstants.HEADER + body.length, flags, errno)
        .bytes(body).toBytes();
  }
}
