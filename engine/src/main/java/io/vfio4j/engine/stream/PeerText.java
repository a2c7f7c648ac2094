// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.stream;

import io.vfio4j.model.SanitizedText;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** Text to and from the peer: UTF-8 of limited length, sanitized for a terminal when it is received. */
public final class PeerText {

  /** The longest text, in bytes. */
  static final int MAX_BYTES = 1024;

  private PeerText() {
  }

  /** Writes as much of a text as fits, in whole characters. */
  static void write(ByteBuffer into, String text, int maxBytes) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    int length = Math.min(bytes.length, maxBytes);
    while (length < bytes.length && length > 0 && (bytes[length] & 0xc0) == 0x80) {
      length--; // Not in the middle of a character.
    }
    into.put(bytes, 0, length);
  }

  /** Reads all remaining bytes; the caller has checked their number. */
  public static String read(ByteBuffer from) {
    byte[] bytes = new byte[from.remaining()];
    from.get(bytes);
    return SanitizedText.of(new String(bytes, StandardCharsets.UTF_8));
  }
}
