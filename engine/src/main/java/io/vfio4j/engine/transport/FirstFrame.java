// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.transport;

import io.vfio4j.engine.StalledException;
import io.vfio4j.engine.Transport;
import io.vfio4j.engine.stream.FrameBuffers;
import io.vfio4j.engine.stream.FrameKind;
import io.vfio4j.engine.stream.FrameReader;
import io.vfio4j.engine.stream.FrameStream;
import io.vfio4j.engine.stream.FrameWriter;
import io.vfio4j.engine.stream.LingeringClose;
import io.vfio4j.engine.stream.StreamException;
import io.vfio4j.engine.transport.HandshakeQueue.Candidate;
import io.vfio4j.engine.transport.HandshakeQueue.Progress;
import io.vfio4j.engine.transport.PeerRefusedException.Reason;
import io.vfio4j.engine.util.Exceptions;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.time.Duration;

/**
 * Receives the first frame of a stream within one deadline, and keeps its bytes for the reader of the connection. A peer
 * that sends anything else is rejected, and gets FAILED with the reason.
 */
public final class FirstFrame {

  /** Room for a HELLO and for skippable frames before it. */
  private static final int MAX_BYTES = 4 * FrameKind.HELLO.maxLength();

  /** The time in which a rejected peer may read the reason. */
  private static final Duration FAILURE_TIMEOUT = Duration.ofSeconds(1);

  private FirstFrame() {
  }

  /**
   * Waits for the frame.
   *
   * @throws PeerRefusedException if the peer disconnects, takes too long, or sends something else
   */
  static OpenedTransport await(Transport transport, Candidate<?> peer) throws IOException {
    Recorder recorder = new Recorder(transport, peer);
    try {
      FrameKind kind = read(recorder);
      if (kind.isFailure()) {
        throw new PeerRefusedException(transport.peer(), Reason.ABORTED,
            "it aborted before it sent a HELLO, ASK or JOIN", null);
      }
      requireFirstKind(kind);
      return new OpenedTransport(transport, kind, recorder.bytes());
    } catch (StreamException e) {
      sendFailure(transport, Exceptions.message(e) + "; nothing was touched");
      throw new PeerRefusedException(transport.peer(), Reason.NO_STREAM, Exceptions.message(e), e);
    } catch (StalledException e) {
      throw new PeerRefusedException(transport.peer(), Reason.TOO_SLOW,
          recorder.isEmpty() ? "it sent nothing in time" : "its first frame was not complete in time", e);
    } catch (EOFException | ConnectionBrokenException e) {
      throw new PeerRefusedException(transport.peer(), Reason.GONE, recorder.isEmpty()
          ? "it closed the connection before it sent anything"
          : "it closed the connection before its first frame was complete", e);
    }
  }

  private static FrameKind read(Recorder recorder) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      return new FrameReader(recorder, FrameBuffers.control(arena)).next(recorder.remaining());
    }
  }

  private static void requireFirstKind(FrameKind kind) throws StreamException {
    if (kind != FrameKind.HELLO && kind != FrameKind.ASK && kind != FrameKind.JOIN) {
      throw new StreamException("the stream begins with %s, expected HELLO, ASK or JOIN".formatted(kind));
    }
  }

  /**
   * Sends a peer the reason why it is not served, as far as it reads it.
   *
   * @return whether it was sent, and the peer closed the connection in time
   */
  public static boolean sendFailure(Transport transport, String reason) {
    long end = System.nanoTime() + FAILURE_TIMEOUT.toNanos();
    try (Arena arena = Arena.ofConfined()) {
      new FrameWriter(new FrameStream(transport, FAILURE_TIMEOUT), FrameBuffers.control(arena)).sendText(
          FrameKind.FAILED,
          reason);
      LingeringClose.drain(transport, Duration.ofNanos(end - System.nanoTime()));
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  /** Records what is received, until the deadline. */
  private static final class Recorder extends FilterTransport {
    private final Transport transport;
    private final Candidate<?> candidate;
    private final ByteArrayOutputStream received = new ByteArrayOutputStream();

    Recorder(Transport transport, Candidate<?> candidate) {
      this.transport = transport;
      this.candidate = candidate;
    }

    @Override
    Transport delegate() {
      return transport;
    }

    Duration remaining() {
      return Duration.ofNanos(Math.max(1, candidate.deadline() - System.nanoTime()));
    }

    boolean isEmpty() {
      return received.size() == 0;
    }

    ByteBuffer bytes() {
      return ByteBuffer.wrap(received.toByteArray());
    }

    @Override
    public int receive(ByteBuffer into, Duration stall) throws IOException {
      if (received.size() > MAX_BYTES) {
        throw new StreamException("no HELLO, ASK or JOIN within %d bytes".formatted(MAX_BYTES));
      }
      int from = into.position();
      Duration left = remaining();
      int count = transport.receive(into, left.compareTo(stall) < 0 ? left : stall);
      if (count > 0) {
        candidate.advanceTo(Progress.SENDING);
        byte[] copy = new byte[count];
        into.get(from, copy);
        received.write(copy, 0, count);
      }
      return count;
    }
  }
}
