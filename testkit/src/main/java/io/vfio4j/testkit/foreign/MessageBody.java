// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit.foreign;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** The body of a message, written field by field. */
final class MessageBody {

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

  static MessageBody empty() {
    return new MessageBody();
  }

  /** Begins a DEVICE_FEATURE body: argsz, including the data that follow or are returned, and the flags. */
  static MessageBody feature(int flags, int dataSize) {
    return empty().u32(8 + dataSize, flags);
  }

  private MessageBody littleEndian(long value, int size) {
    for (int i = 0; i < size; i++) {
      bytes.write((int) (value >>> (8 * i)));
    }
    return this;
  }

  MessageBody u16(int... values) {
    for (int value : values) {
      littleEndian(value, Short.BYTES);
    }
    return this;
  }

  MessageBody u32(int... values) {
    for (int value : values) {
      littleEndian(value, Integer.BYTES);
    }
    return this;
  }

  MessageBody u64(long... values) {
    for (long value : values) {
      littleEndian(value, Long.BYTES);
    }
    return this;
  }

  MessageBody bytes(byte[] data) {
    bytes.writeBytes(data);
    return this;
  }

  /** Appends a NUL-terminated string. */
  MessageBody text(String text) {
    bytes.writeBytes(text.getBytes(StandardCharsets.UTF_8));
    bytes.write(0);
    return this;
  }

  byte[] toBytes() {
    return bytes.toByteArray();
  }
}
