// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit.foreign;

import static io.vfio4j.testkit.foreign.WireConstants.DMA_READ;
import static io.vfio4j.testkit.foreign.WireConstants.DMA_WRITE;
import static io.vfio4j.testkit.foreign.WireConstants.ERROR;
import static io.vfio4j.testkit.foreign.WireConstants.NO_REPLY;
import static io.vfio4j.testkit.foreign.WireConstants.REPLY;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.UnixSocket;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A foreign client's end of a connection: sends commands, receives replies, and serves DMA requests in between. */
final class ClientConnection implements AutoCloseable {

  /** Longer than any reply takes in the tests. */
  private static final Duration TIMEOUT = Duration.ofSeconds(60);

  private final WireSocket wire;
  private final TreeMap<Long, MemorySegment> exposedMemory = new TreeMap<>(Long::compareUnsigned);
  private PeerLimits limits = PeerLimits.DEFAULT;
  private final boolean ignoresErrors;
  /** Requests that await their reply, by message ID, if errors are ignored. */
  private final Map<Integer, byte[]> pendingRequests = new HashMap<>();
  private int nextId = 0x4000;
  private int replyFdCount;

  ClientConnection(UnixSocket socket) throws LinuxException {
    this(socket, false);
  }

  /**
   * Creates a connection.
   *
   * @param ignoresErrors whether error replies count as successful ones, in the buffers that hold the requests
   */
  ClientConnection(UnixSocket socket, boolean ignoresErrors) throws LinuxException {
    this.ignoresErrors = ignoresErrors;
    socket.receiveTimeout(TIMEOUT);
    wire = new WireSocket(socket, SendPace.FAST);
  }

  PeerLimits limits() {
    return limits;
  }

  void limits(PeerLimits inForce) {
    limits = inForce;
  }

  /** Makes memory accessible to the server by message. */
  void exposeMemory(long iova, MemorySegment memory) {
    exposedMemory.put(iova, memory);
  }

  void withdrawMemory(long iova) {
    exposedMemory.remove(iova);
  }

  /** Sends a command that requests no reply. */
  void post(int command, MessageBody body) throws IOException {
    wire.send(new WireHeader(nextId++ & 0xffff, command, NO_REPLY, 0), body.toBytes(), List.of());
  }

  /** Sends a command whose reply {@link #receiveReply} receives. Returns its message ID. */
  int sendRequest(int command, MessageBody body, Fd... fds) throws IOException {
    int id = nextId++ & 0xffff;
    if (ignoresErrors) {
      pendingRequests.put(id, body.toBytes());
    }
    wire.send(WireHeader.request(id, command), body.toBytes(), List.of(fds));
    return id;
  }

  /**
   * Receives the reply to a command.
   *
   * @throws ErrnoException if the server refuses the command
   * @throws ProtocolViolationException if the reply is invalid
   */
  WireMessage receiveReply(int id, int command) throws IOException, ErrnoException {
    while (true) {
      WireMessage message = wire.receive();
      if (message == null) {
        throw new EOFException("the server closed the connection instead of replying to command " + command);
      }
      if (!message.isReply()) {
        handleRequest(message);
        continue;
      }
      replyFdCount = message.fds().count();
      message.close(); // These clients ignore descriptors in replies.
      if (message.id() != id || message.command() != command) {
        throw new ProtocolViolationException(
            "the reply to command %d with ID %d is for command %d with ID %d"
                .formatted(command, id, message.command(), message.id()));
      }
      byte[] body = pendingRequests.remove(id);
      if (message.isError() && body != null) {
        return new WireMessage(message.header().reply(REPLY, 0), WireSocket.littleEndian(body),
            message.fds());
      }
      if (message.isError()) {
        throw new ErrnoException(new Errno(message.errno()), "the server refused command " + command);
      }
      return message;
    }
  }

  /** Returns the number of descriptors that came with the last reply. */
  int replyFdCount() {
    return replyFdCount;
  }

  WireMessage call(int command, MessageBody body, Fd... fds) throws IOException, ErrnoException {
    return receiveReply(sendRequest(command, body, fds), command);
  }

  private void handleRequest(WireMessage request) throws IOException {
    try (request) {
      byte[] reply = accessMemory(request);
      wire.send(request.header().reply(REPLY, 0), reply, List.of());
    } catch (ErrnoException e) {
      wire.send(request.header().reply(REPLY | ERROR, e.errno().number()), new byte[0], List.of());
    }
  }

  private byte[] accessMemory(WireMessage request) throws IOException, ErrnoException {
    if (request.command() != DMA_READ && request.command() != DMA_WRITE) {
      throw new ProtocolViolationException("unexpected command from the server: " + request.command());
    }
    long iova = request.u64(0);
    long count = request.u64(8);
    if (count < 0 || count > limits.data()) {
      throw new ProtocolViolationException(
          "the server requests %d bytes in one message; %d were negotiated".formatted(count,
              limits.data()));
    }
    MemorySegment memory = find(iova, count);
    if (request.command() == DMA_READ) {
      return MessageBody.empty().u64(iova, count).bytes(memory.toArray(ValueLayout.JAVA_BYTE)).toBytes();
    }
    memory.copyFrom(MemorySegment.ofArray(request.bytes(16, (int) count)));
    return MessageBody.empty().u64(iova, count).toBytes();
  }

  private MemorySegment find(long iova, long count) throws ErrnoException {
    Map.Entry<Long, MemorySegment> below = exposedMemory.floorEntry(iova);
    if (below == null || iova - below.getKey() > below.getValue().byteSize() - count) {
      throw new ErrnoException(Errno.EFAULT, "0x%x is not mapped".formatted(iova));
    }
    return below.getValue().asSlice(iova - below.getKey(), count);
  }

  @Override
  public void close() {
    wire.close();
  }
}
