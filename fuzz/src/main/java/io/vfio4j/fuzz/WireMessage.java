// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.fuzz;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * The header of a message, written from the specification independently of the server's code, which it is
 * used to check.
 *
 * @param id the message id
 * @param command the command's number
 * @param size size of header and body, unsigned
 * @param flags bits 0 to 3 the type, bit 4 no reply, bit 5 error
 * @param errno the errno of an error reply
 */
record WireMessage(int id, int command, long size, int flags, int errno) {

  static final int HEADER = 16;

  static final int VERSION = 1;
  static final int DMA_MAP = 2;
  static final int DMA_UNMAP = 3;
  static final int DEVICE_GET_INFO = 4;
  static final int DEVICE_GET_REGION_INFO = 5;
  static final int DEVICE_GET_REGION_IO_FDS = 6;
  static final int DEVICE_GET_IRQ_INFO = 7;
  static final int DEVICE_SET_IRQS = 8;
  static final int REGION_READ = 9;
  static final int REGION_WRITE = 10;
  static final int DMA_READ = 11;
  static final int DMA_WRITE = 12;
  static final int DEVICE_RESET = 13;
  static final int REGION_WRITE_MULTI = 15;
  static final int DEVICE_FEATURE = 16;
  static final int MIG_DATA_READ = 17;
  static final int MIG_DATA_WRITE = 18;
  static final int MIG_GET_PRECOPY_INFO = 19;

  static final int REPLY = 1;
  static final int NO_REPLY = 0x10;
  static final int ERROR = 0x20;
  private static final int TYPE = 0xf;

  private static final ValueLayout.OfShort U16 =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt U32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  static WireMessage read(MemorySegment from) {
    return new WireMessage(Short.toUnsignedInt(from.get(U16, 0)), Short.toUnsignedInt(from.get(U16, 2)),
        Integer.toUnsignedLong(from.get(U32, 4)), from.get(U32, 8), from.get(U32, 12));
  }

  static int u32(MemorySegment from, long at) {
    return from.get(U32, at);
  }

  boolean isCommand() {
    return (flags & TYPE) == 0;
  }

  boolean isReply() {
    return (flags & TYPE) == REPLY;
  }

  boolean wantsReply() {
    return (flags & NO_REPLY) == 0;
  }

  /** Returns a message, header and body. */
  static byte[] message(int id, int command, int flags, int errno, byte[] body) {
    return new ByteWriter().u16(id).u16(command).u32(HEADER + body.length, flags, errno).bytes(body)
        .toArray();
  }
}
