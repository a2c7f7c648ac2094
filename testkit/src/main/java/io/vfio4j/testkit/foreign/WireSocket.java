// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit.foreign;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.ReceivedFds;
import io.vfio4j.linux.UnixSocket;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** Messages over a UNIX socket; each is received as a header and then a body. */
final class WireSocket implements AutoCloseable {

  /** The largest message that these peers send or accept. */
  private static final int MAX_MESSAGE_BYTES = 4 << 20;

  private final UnixSocket socket;
  private final SendPace pace;

  WireSocket(UnixSocket socket, SendPace pace) {
    this.socket = socket;
    this.pace = pace;
  }

  /**
   * Receives the next message.
   *
   * @return null at the end of the stream
   * @throws EOFException if the stream ends within a message, or nothing arrives before the timeout
   * @throws ProtocolViolationException if the message is malformed
   */
  @Nullable
  WireMessage receive() throws IOException {
    ReceivedFds fds = new ReceivedFds();
    try {
      byte[] first = receive(WireConstants.HEADER, fds);
      if (first.length == 0) {
        fds.close();
        return null;
      }
      ByteBuffer header = littleEndian(first);
      int size = header.getInt(4);
      if (size < WireConstants.HEADER || size > MAX_MESSAGE_BYTES) {
        throw new ProtocolViolationException(
            "a message of %s bytes".formatted(Integer.toUnsignedString(size)));
      }
      byte[] body = receive(size - WireConstants.HEADER, fds);
      if (body.length < size - WireConstants.HEADER) {
        throw new EOFException("the stream ended within a message");
      }
      return new WireMessage(WireHeader.of(header), littleEndian(body), fds);
    } catch (IOException | RuntimeException e) {
      fds.close();
      throw e;
    }
  }

  static ByteBuffer littleEndian(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Returns all the bytes, or none at the end of the stream. */
  private byte[] receive(int count, ReceivedFds fds) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment into = arena.allocate(Math.max(1, count));
      for (int done = 0; done < count;) {
        int got = socket.receive(into.asSlice(done, count - done), fds);
        if (got == 0 && done == 0) {
          return new byte[0];
        }
        if (got <= 0) {
          throw new EOFException(
              got == 0 ? "the stream ended within a message" : "no data before the timeout");
        }
        done += got;
      }
      return into.asSlice(0, count).toArray(ValueLayout.JAVA_BYTE);
    }
  }

  /** Sends a message; the descriptors are attached to its first byte. */
  void send(WireHeader header, byte[] body, List<Fd> fds) throws IOException {
    byte[] bytes = header.message(body);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment message = arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes);
      if (pace.pieces() == 1) {
        socket.send(message, MemorySegment.NULL, fds);
        return;
      }
      sendChunk(message, 0, 1, fds);
      sendChunk(message, 1, WireConstants.HEADER, List.of());
      int step = Math.max(1, Math.ceilDiv(body.length, pace.pieces()));
      for (int at = WireConstants.HEADER; at < bytes.length; at += step) {
        sendChunk(message, at, Math.min(bytes.length, at + step), List.of());
      }
    }
  }

  private void sendChunk(MemorySegment message, int from, int to, List<Fd> fds) throws IOException {
    LockSupport.parkNanos(pace.pause().toNanos());
    socket.send(message.asSlice(from, to - from), MemorySegment.NULL, fds);
  }

  /** Shuts the socket down. May be called from any thread. */
  void shutdown() {
    socket.shutdown();
  }

  @Override
  public void close() {
    socket.close();
  }
}
