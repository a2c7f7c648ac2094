// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client.memory;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.vfiouser.ProtocolException;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.Header;
import io.vfio4j.vfiouser.wire.MessageReader;
import io.vfio4j.vfiouser.wire.MessageSender;
import io.vfio4j.vfiouser.wire.Reply;
import io.vfio4j.vfiouser.wire.Request;
import io.vfio4j.vfiouser.wire.SliceTable;
import io.vfio4j.vfiouser.wire.Structs.DmaAccess;
import io.vfio4j.vfiouser.wire.Structs.DmaMap;
import java.lang.foreign.Arena;

/** Handles the server's DMA_READ and DMA_WRITE, for memory of the client, on one socket. */
public final class DmaAccessHandler implements AutoCloseable {

  private final ClientMemory memory;
  private final MessageReader reader;
  private final MessageSender sender;
  private final int maxDataXferSize;
  private final Request request;
  private final Reply reply;

  /**
   * Makes a handler.
   *
   * @param maxDataXferSize bytes of data in a message, as negotiated
   * @param arena for the buffers
   */
  public DmaAccessHandler(ClientMemory memory, MessageReader reader, MessageSender sender,
      int maxDataXferSize,
      Arena arena) {
    this.memory = memory;
    this.reader = reader;
    this.sender = sender;
    this.maxDataXferSize = maxDataXferSize;
    request = new Request(new SliceTable(arena.allocate(DmaAccess.SIZE + (long) maxDataXferSize, 8)));
    reply = new Reply(new SliceTable(arena.allocate(Header.SIZE + DmaAccess.SIZE, 8)));
  }

  /** Handles the reader's current message. */
  public void handleCommand() throws LinuxException, ProtocolException {
    if (!reader.isCommand() || reader.messageSize() < Header.SIZE) {
      throw new ProtocolException("neither a command nor the expected reply, of "
          + reader.messageSize() + " bytes");
    }
    if (reader.remaining() > DmaAccess.SIZE + (long) maxDataXferSize) {
      throw new ProtocolException(
          "a command of " + reader.messageSize() + " bytes exceeds the negotiated limit");
    }
    request.receive(reader);
    reply.clear();
    // Memory that is unmapped meanwhile must not be freed before the reply with it has been sent.
    memory.lockMappings();
    try {
      executeAndReply();
    } finally {
      memory.unlockMappings();
      request.close();
    }
  }

  private void executeAndReply() throws LinuxException, ProtocolException {
    try {
      execute();
      if (request.wantsReply()) {
        reply.send(sender, request);
      }
    } catch (ErrnoException e) {
      if (request.wantsReply()) {
        reply.sendError(sender, request, e.errno().number());
      }
    }
  }

  private void execute() throws ErrnoException {
    Command command = Command.fromWire(request.command());
    if (command != Command.DMA_READ && command != Command.DMA_WRITE) {
      throw new ErrnoException(Errno.ENOSYS, "command " + request.command());
    }
    request.requireSize(DmaAccess.SIZE);
    long iova = request.u64(DmaAccess.IOVA);
    long count = request.u64(DmaAccess.COUNT);
    if (count < 0 || count > maxDataXferSize) {
      throw new ErrnoException(Errno.EINVAL, command + " of " + Long.toUnsignedString(count) + " bytes");
    }
    reply.echo(request, DmaAccess.SIZE);
    if (command == Command.DMA_READ) {
      reply.tail(memory.find(iova, count, DmaMap.READ));
    } else {
      request.requireSize(DmaAccess.SIZE + (int) count);
      memory.find(iova, count, DmaMap.WRITE).copyFrom(request.data(DmaAccess.SIZE, (int) count));
      memory.writes().mark(iova, count);
    }
  }

  @Override
  public void close() {
    request.close();
  }
}
