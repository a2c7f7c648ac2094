// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.fuzz;

import java.io.ByteArrayOutputStream;

/** Writes little-endian numbers to a byte array. */
final class ByteWriter {

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  ByteWriter u8(int value) {
    out.write(value);
    return this;
  }

  ByteWriter u16(int value) {
    return u8(value).u8(value >>> 8);
  }

  ByteWriter u32(int... values) {
    for (int value : values) {
      u16(value).u16(value >>> 16);
    }
    return this;
  }

  ByteWriter u64(long... values) {
    for (long value : values) {
      u32((int) value, (int) (value >>> 32));
    }
    return this;
  }

  ByteWriter bytes(byte[] bytes, int length) {
    out.write(bytes, 0, length);
    return this;
  }

  ByteWriter bytes(byte[] bytes) {
    return bytes(bytes, bytes.length);
  }

  byte[] toArray() {
    return out.toByteArray();
  }
}
