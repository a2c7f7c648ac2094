// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Bytes of a message, written one after the other. */
final class Body {

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

  static Body empty() {
    return new Body();
  }

  private Body put(long value, int size) {
    for (int i = 0; i < size; i++) {
      bytes.write((int) (value >>> (8 * i)));
    }
    return this;
  }

  Body u16(int value) {
    return put(value, 2);
  }

  Body u32(int... values) {
    for (int value : values) {
      put(value, 4);
    }
    return this;
  }

  Body u64(long... values) {
    for (long value : values) {
      put(value, 8);
    }
    return this;
  }

  Body bytes(byte... data) {
    bytes.writeBytes(data);
    return this;
  }

  Body zeros(int count) {
    return bytes(new byte[count]);
  }

  Body text(String text) {
    return bytes(text.getBytes(StandardCharsets.UTF_8));
  }

  byte[] toBytes() {
    return bytes.toByteArray();
  }

  /** The first bytes only. */
  byte[] toBytes(int length) {
    return java.util.Arrays.copyOf(toBytes(), length);
  }

  static ByteBuffer read(byte[] body) {
    return ByteBuffer.wrap(body).order(ByteOrder.LITTLE_ENDIAN);
  }

  static Body version(int minor, String json) {
    return empty().u16(0).u16(minor).text(json).bytes((byte) 0);
  }

  static Body dmaMap(int flags, long offset, long iova, long size) {
    return empty().u32(32, flags).u64(offset, iova, size);
  }

  static Body dmaUnmap(int flags, long iova, long size) {
    return empty().u32(24, flags).u64(iova, size);
  }

  static Body regionAccess(int region, long offset, int count) {
    return empty().u64(offset).u32(region, count);
  }

  static Body irqSet(int flags, int index, int start, int count) {
    return empty().u32(20, flags, index, start, count);
  }

  /** Of DEVICE_FEATURE, with room for an answer. */
  static Body feature(int flags, int room) {
    return empty().u32(8 + room, flags);
  }
}
