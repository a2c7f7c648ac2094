// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.stream;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/**
 * The header of a frame, a view of the beginning of its buffer. Little-endian.
 *
 * <pre>
 *  0  u8       kind, {@link FrameKind#wireValue}
 *  1  u8       flags: {@link #SKIPPABLE}, {@link #ENDS_SEGMENT}, {@link #COMPRESSED}; all others 0
 *  2  u16      device, by its index in the HELLO; 0 if the kind does not concern a device
 *  4  u32      length of the payload, n, at most {@link #MAX_PAYLOAD}
 *  8  u32      sequence number of the frame, from 0 in each direction
 * 12  u32      CRC32C of bytes 0 to 11 and the payload
 * 16  n bytes  payload
 * </pre>
 */
public final class FrameHeader {

  public static final int BYTES = 16;
  public static final int MAX_PAYLOAD = 1 << 20;

  /** Flag: a receiver that does not know the kind may skip the frame. */
  static final int SKIPPABLE = 1;

  /** Flag, DATA only: a segment of the device's state ends with this frame. */
  public static final int ENDS_SEGMENT = 2;

  /** Flag, DATA and MEMORY only, if the HELLO has a compression: the payload is compressed. */
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

  /** Creates a view of a buffer for a header and the longest payload. */
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

  /** Returns whether the checksum of header and payload is right; the length must have been checked. */
  boolean isChecksumValid(int length) {
    return frame.getInt(CHECKSUM) == computeChecksum(length);
  }

  /** Returns the same for a header whose payload is the remaining bytes of another buffer. */
  boolean isChecksumValid(ByteBuffer payload) {
    crc.reset();
    crc.update(checked.limit(CHECKSUM).position(0));
    crc.update(payload);
    return frame.getInt(CHECKSUM) == (int) crc.getValue();
  }

  /** Returns the whole frame, to be sent. */
  ByteBuffer frame(int length) {
    return frame.limit(BYTES + length).position(0);
  }

  /** Returns the bytes of the header, for the digest. */
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
