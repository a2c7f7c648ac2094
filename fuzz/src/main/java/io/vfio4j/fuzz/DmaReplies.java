// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.fuzz;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** How a client answers the server's own commands, DMA_READ and DMA_WRITE. */
final class DmaReplies {

  static final int CORRECT = 0;
  static final int MODES = 8;

  private static final int FIELDS = 16;
  private static final int EFAULT = 14;
  private static final int COUNT_AT = 24;

  private DmaReplies() {
  }

  /**
   * Returns the answer to a command, or nothing if there is none.
   *
   * @param how 0 right, 1 an error, 2 an error without a number, 3 to another command, 4 too short, 5 too long,
   *     6 for another range, 7 none
   */
  static byte[] encode(WireMessage command, MemorySegment head, int how) {
    byte[] fields = head.asSlice(WireMessage.HEADER, FIELDS).toArray(ValueLayout.JAVA_BYTE);
    boolean reads = command.command() == WireMessage.DMA_READ;
    byte[] body =
        new FuzzInput.ByteWriter().bytes(fields).bytes(new byte[reads ? (int) count(head) : 0]).toArray();
    return switch (how % MODES) {
      case CORRECT -> reply(command, 0, 0, body);
      case 1 -> reply(command, WireMessage.ERROR, EFAULT, new byte[0]);
      case 2 -> reply(command, WireMessage.ERROR, 0, body);
      case 3 -> WireMessage.message(command.id() + 1, command.command(), WireMessage.REPLY, 0, body);
      case 4 -> reply(command, 0, 0, new byte[FIELDS - 1]);
      case 5 -> reply(command, 0, 0, new FuzzInput.ByteWriter().bytes(body).u64(0).toArray());
      case 6 -> {
        body[0] ^= 1;
        yield reply(command, 0, 0, body);
      }
      default -> new byte[0];
    };
  }

  private static byte[] reply(WireMessage command, int flags, int errno, byte[] body) {
    return WireMessage.message(command.id(), command.command(), WireMessage.REPLY | flags, errno, body);
  }

  /** The server's pieces are at most 64 KiB; what it asked for is checked by {@link FuzzClient}. */
  private static long count(MemorySegment head) {
    return head.get(ValueLayout.JAVA_LONG_UNALIGNED, COUNT_AT);
  }
}
