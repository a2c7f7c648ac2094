// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit.foreign;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** The body of a message, written field by field. */
final class WireBody {

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

  static WireBody empty() {
    return new WireBody();
  }

  /** Begins a DEVICE_FEATURE: its size with the data that follow or are to come, and what is asked. */
  static WireBody feature(int flags, int dataSize) {
    return empty().u32(8 + dataSize, flags);
  }

  private WireBody little(long value, int size) {
    for (int i = 0; i < size; i++) {
      bytes.write((int) (value >>> (8 * i)));
    }
    return this;
  }

  WireBody u16(int... values) {
    for (int value : values) {
      little(value, Short.BYTES);
    }
    return this;
  }

  WireBody u32(int... values) {
    for (int value : values) {
      little(value, Integer.BYTES);
    }
    return this;
  }

  WireBody u64(long... values) {
    for (long value : values) {
      little(value, Long.BYTES);
    }
    return this;
  }

  WireBody bytes(byte[] data) {
    bytes.writeBytes(data);
    return this;
  }

  /** Adds a text with its NUL. */
  WireBody text(String text) {
    bytes.writeBytes(text.getBytes(StandardCharsets.UTF_8));
    bytes.write(0);
    return this;
  }

  byte[] toBytes() {
    return bytes.toByteArray();
  }
}
