// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.testing;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Writes the body of a message, little-endian. */
public final class MessageBytes {

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

  public static MessageBytes empty() {
    return new MessageBytes();
  }

  private MessageBytes put(long value, int size) {
    for (int i = 0; i < size; i++) {
      bytes.write((int) (value >>> (8 * i)));
    }
    return this;
  }

  public MessageBytes u16(int value) {
    return put(value, 2);
  }

  public MessageBytes u32(int... values) {
    for (int value : values) {
      put(value, 4);
    }
    return this;
  }

  public MessageBytes u64(long... values) {
    for (long value : values) {
      put(value, 8);
    }
    return this;
  }

  public MessageBytes bytes(byte... data) {
    bytes.writeBytes(data);
    return this;
  }

  public MessageBytes zeros(int count) {
    return bytes(new byte[count]);
  }

  public MessageBytes text(String text) {
    return bytes(text.getBytes(StandardCharsets.UTF_8));
  }

  public byte[] toBytes() {
    return bytes.toByteArray();
  }

  /** Returns the first bytes. */
  public byte[] toBytes(int length) {
    return java.util.Arrays.copyOf(toBytes(), length);
  }

  public static ByteBuffer read(byte[] body) {
    return ByteBuffer.wrap(body).order(ByteOrder.LITTLE_ENDIAN);
  }

  public static MessageBytes version(int minor, String json) {
    return empty().u16(0).u16(minor).text(json).bytes((byte) 0);
  }

  public static MessageBytes dmaMap(int flags, long offset, long iova, long size) {
    return empty().u32(32, flags).u64(offset, iova, size);
  }

  public static MessageBytes dmaUnmap(int flags, long iova, long size) {
    return empty().u32(24, flags).u64(iova, size);
  }

  public static MessageBytes regionAccess(int region, long offset, int count) {
    return empty().u64(offset).u32(region, count);
  }

  public static MessageBytes irqSet(int flags, int index, int start, int count) {
    return empty().u32(20, flags, index, start, count);
  }

  /** Returns the fields of DEVICE_FEATURE, with an argsz for data of this size. */
  public static MessageBytes feature(int flags, int dataSize) {
    return empty().u32(8 + dataSize, flags);
  }
}
