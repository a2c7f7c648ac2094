// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.fuzz;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Encodes a client's replies to the server's own commands, DMA_READ and DMA_WRITE. */
final class DmaReplies {

  private static final int FIELDS = 16;
  private static final int EFAULT = 14;
  private static final int COUNT_AT = 24;

  private DmaReplies() {
  }

  /**
   * Returns the reply to a command; no bytes if there is none.
   *
   * @param head the command, up to its fields
   */
  static byte[] encode(WireMessage command, MemorySegment head, DmaReplyMode mode) {
    byte[] fields = head.asSlice(WireMessage.HEADER, FIELDS).toArray(ValueLayout.JAVA_BYTE);
    boolean reads = command.command() == WireMessage.DMA_READ;
    byte[] body =
        new ByteWriter().bytes(fields).bytes(new byte[reads ? (int) count(head) : 0]).toArray();
    return switch (mode) {
      case CORRECT -> reply(command, 0, 0, body);
      case ERROR -> reply(command, WireMessage.ERROR, EFAULT, new byte[0]);
      case ERROR_WITHOUT_ERRNO -> reply(command, WireMessage.ERROR, 0, body);
      case WRONG_ID -> WireMessage.message(command.id() + 1, command.command(), WireMessage.REPLY, 0, body);
      case TOO_SHORT -> reply(command, 0, 0, new byte[FIELDS - 1]);
      case TOO_LONG -> reply(command, 0, 0, new ByteWriter().bytes(body).u64(0).toArray());
      case WRONG_ADDRESS -> {
        body[0] ^= 1;
        yield reply(command, 0, 0, body);
      }
      case NONE -> new byte[0];
    };
  }

  private static byte[] reply(WireMessage command, int flags, int errno, byte[] body) {
    return WireMessage.message(command.id(), command.command(), WireMessage.REPLY | flags, errno, body);
  }

  /** Returns the requested size, which {@link FuzzClient} has checked. */
  private static long count(MemorySegment head) {
    return head.get(ValueLayout.JAVA_LONG_UNALIGNED, COUNT_AT);
  }
}
