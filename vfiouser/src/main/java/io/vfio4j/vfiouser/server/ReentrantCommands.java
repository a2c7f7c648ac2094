// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.vfiouser.ProtocolException;
import io.vfio4j.vfiouser.command.CommandTable;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.DeferredMessage;
import io.vfio4j.vfiouser.wire.LittleEndian;
import io.vfio4j.vfiouser.wire.MessageSender;
import io.vfio4j.vfiouser.wire.Reply;
import io.vfio4j.vfiouser.wire.Request;
import io.vfio4j.vfiouser.wire.SliceTable;
import io.vfio4j.vfiouser.wire.Structs.RegionAccess;
import io.vfio4j.vfiouser.wire.Structs.RegionInfo;
import io.vfio4j.vfiouser.wire.Structs.WriteMulti;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Executes commands of the client while the device waits for memory by message. They cannot all be deferred:
 * QEMU handles DMA_READ and DMA_WRITE in a thread that is blocked while a vCPU waits for a register.
 *
 * <p>
 * Commands that change the device as a whole are deferred: reset, and all of migration, including the region
 * of version 1. {@link Command#dispatch} says which.
 */
final class ReentrantCommands {

  /**
   * Such a command may make the device wait for memory again, and further commands are executed then, up to
   * this depth.
   */
  private static final int MAX_DEPTH = 4;

  private record Exchange(Request request, Reply reply) {
  }

  private final CommandTable commands;
  private final MessageSender sender;
  private final Arena memory;
  private final int maxBodySize;
  private final int maxDataSize;
  /** One for each depth, created on first use. */
  private final List<Exchange> exchanges = new ArrayList<>();
  private int depth;

  /**
   * @param memory allocates the buffers
   * @param maxBodySize size of the longest body received, bytes
   * @param maxDataSize size of the longest data sent, bytes
   */
  ReentrantCommands(CommandTable commands, MessageSender sender, Arena memory, int maxBodySize,
      int maxDataSize) {
    this.commands = commands;
    this.sender = sender;
    this.memory = memory;
    this.maxBodySize = maxBodySize;
    this.maxDataSize = maxDataSize;
  }

  /** Returns whether a command can be executed now. */
  boolean accepts(DeferredMessage message) {
    Command command = Command.fromWire(message.command());
    if (command == null || depth == MAX_DEPTH) {
      return false;
    }
    return switch (command.dispatch()) {
      case ALWAYS -> true;
      case PCI_REGION -> command == Command.REGION_WRITE_MULTI
          ? accessesPciRegions(message.body(), WriteMulti.WRITES, WriteMulti.WRITE_SIZE)
          : message.body().byteSize() >= RegionAccess.SIZE && accessesPciRegion(message.body(), 0);
      case HANDSHAKE, DEFERRED, CONTROL, TO_CLIENT -> false;
    };
  }

  /** Returns whether all accesses of an array are to regions with a fixed PCI index. */
  private static boolean accessesPciRegions(MemorySegment body, int first, int size) {
    for (long at = first; at + size <= body.byteSize(); at += size) {
      if (!accessesPciRegion(body, at)) {
        return false;
      }
    }
    return true;
  }

  private static boolean accessesPciRegion(MemorySegment body, long at) {
    int region = body.get(LittleEndian.U32, at + RegionAccess.REGION);
    return Integer.compareUnsigned(region, RegionInfo.NUM_PCI_REGIONS) < 0;
  }

  /** Executes a command and replies to it. */
  void execute(DeferredMessage message) throws LinuxException, ProtocolException {
    if (depth == exchanges.size()) {
      exchanges.add(new Exchange(new Request(new SliceTable(memory.allocate(maxBodySize, 8))),
          new Reply(new SliceTable(memory.allocate(Reply.HEAD_SIZE, 8)),
              new SliceTable(memory.allocate(maxDataSize, 4096)))));
    }
    Exchange exchange = exchanges.get(depth);
    depth++;
    try {
      exchange.request.load(message);
      commands.execute(exchange.request, exchange.reply, sender);
    } finally {
      depth--;
    }
  }
}
