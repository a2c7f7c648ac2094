// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.stream;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/**
 * The header of a frame, a view of the beginning of its buffer; the payload follows. Little-endian.
 *
 * <pre>
 *  0  u8   kind
 *  1  u8   flags
 *  2  u16  device
 *  4  u32  length of the payload
 *  8  u32  sequence number, from 0 in each direction
 * 12  u32  CRC32C of bytes 0 to 11 and the payload
 * </pre>
 */
public final class FrameHeader {

  public static final int BYTES = 16;
  public static final int MAX_PAYLOAD = 1 << 20;

  /** Flag: who does not know this kind may pass over the frame. */
  static final int SKIPPABLE = 1;

  /** Flag, of DATA alone: a segment of the device's state ends with the frame. */
  public static final int ENDS_SEGMENT = 2;

  /** Flag, of DATA and MEMORY where the HELLO names a compression: the payload is compressed. */
  static final int COMPRESSED = 4;

  private static final int KIND = 0;
  private static final int FLAGS = 1;
  private static final int DEVICE = 2;
  private static final int LENGTH = 4;
  private static final int SEQUENCE = 8;
  private static final int CHECKSUM = 12;

  private final ByteBuffer frame;
  private final ByteBuffer fields;
  private final ByteBuffer checked;
  private final CRC32C crc = new CRC32C();

  /** Makes a view of a buffer that holds a header and the longest payload. */
  public FrameHeader(ByteBuffer frame) {
    this.frame = frame.duplicate().order(ByteOrder.LITTLE_ENDIAN);
    this.fields = frame.duplicate().limit(BYTES);
    this.checked = frame.duplicate();
  }

  void set(FrameKind kind, int flags, int device, int length, int sequence) {
    frame.put(KIND, (byte) kind.wireValue()).put(FLAGS, (byte) flags).putShort(DEVICE, (short) device)
        .putInt(LENGTH, length).putInt(SEQUENCE, sequence);
    frame.putInt(CHECKSUM, computeChecksum(length));
  }

  int kind() {
    return Byte.toUnsignedInt(frame.get(KIND));
  }

  int flags() {
    return Byte.toUnsignedInt(frame.get(FLAGS));
  }

  int device() {
    return Short.toUnsignedInt(frame.getShort(DEVICE));
  }

  long length() {
    return Integer.toUnsignedLong(frame.getInt(LENGTH));
  }

  int sequence() {
    return frame.getInt(SEQUENCE);
  }

  /** Tells whether header and payload, of which the length has been checked, are as they were sent. */
  boolean isChecksumValid(int length) {
    return frame.getInt(CHECKSUM) == computeChecksum(length);
  }

  /** Tells that of a header whose payload is elsewhere: up to the limit of a buffer, from its position on. */
  boolean isChecksumValid(ByteBuffer payload) {
    crc.reset();
    crc.update(checked.limit(CHECKSUM).position(0));
    crc.update(payload);
    return frame.getInt(CHECKSUM) == (int) crc.getValue();
  }

  /** Returns the header's bytes, for the digest. */
  ByteBuffer bytes() {
    return fields.rewind();
  }

  private int computeChecksum(int length) {
    crc.reset();
    crc.update(checked.limit(CHECKSUM).position(0));
    crc.update(checked.limit(BYTES + length).position(BYTES));
    return (int) crc.getValue();
  }
}
