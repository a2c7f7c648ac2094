// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.wire;

import java.lang.foreign.MemorySegment;

/**
 * The header of every message.
 *
 * <pre>{@code
 * struct vfio_user_header {
 *   uint16_t msg_id;
 *   uint16_t cmd;
 *   uint32_t msg_size;   // header and body
 *   uint32_t flags;
 *   uint32_t error_no;   // in replies with the error flag
 * };
 * }</pre>
 */
public final class Header {

  public static final int SIZE = 16;

  public static final int TYPE_MASK = 0xf;
  public static final int TYPE_COMMAND = 0;
  public static final int TYPE_REPLY = 1;
  public static final int NO_REPLY = 0x10;
  public static final int ERROR = 0x20;

  private static final int ID = 0;
  private static final int COMMAND = 2;
  private static final int MESSAGE_SIZE = 4;
  private static final int FLAGS = 8;
  private static final int ERRNO = 12;

  private Header() {
  }

  public static int id(MemorySegment segment, long at) {
    return Short.toUnsignedInt(segment.get(LittleEndian.U16, at + ID));
  }

  public static int command(MemorySegment segment, long at) {
    return Short.toUnsignedInt(segment.get(LittleEndian.U16, at + COMMAND));
  }

  /** Returns the size of header and body, unsigned. */
  public static long messageSize(MemorySegment segment, long at) {
    return Integer.toUnsignedLong(segment.get(LittleEndian.U32, at + MESSAGE_SIZE));
  }

  public static int flags(MemorySegment segment, long at) {
    return segment.get(LittleEndian.U32, at + FLAGS);
  }

  public static int errno(MemorySegment segment, long at) {
    return segment.get(LittleEndian.U32, at + ERRNO);
  }

  public static void write(MemorySegment segment, int id, int command, long messageSize, int flags,
      int errno) {
    segment.set(LittleEndian.U16, ID, (short) id);
    segment.set(LittleEndian.U16, COMMAND, (short) command);
    segment.set(LittleEndian.U32, MESSAGE_SIZE, (int) messageSize);
    segment.set(LittleEndian.U32, FLAGS, flags);
    segment.set(LittleEndian.U32, ERRNO, errno);
  }
}
