// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.fuzz;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * The header of a message, written here from the specification once more: whoever judges a server does not take its
 * word for it.
 *
 * @param id the message's number
 * @param command the command's number
 * @param size of header and body, unsigned
 * @param flags 0 to 3 type, 4 no reply, 5 error
 * @param errno of an error reply
 */
record WireMessage(int id, int command, long size, int flags, int errno) {

  static final int HEADER = 16;
  static final int VERSION = 1;
  static final int DMA_READ = 11;
  static final int DMA_WRITE = 12;
  static final int MIG_DATA_READ = 17;
  static final int MIG_DATA_WRITE = 18;

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

  /** Returns header and body. */
  static byte[] message(int id, int command, int flags, int errno, byte[] body) {
    return new FuzzInput.ByteWriter().u16(id).u16(command).u32(HEADER + body.length, flags, errno).bytes(body)
        .toArray();
  }
}
