// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.stream;

import io.vfio4j.engine.Transport;
import io.vfio4j.engine.util.CancelledException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The outgoing direction of a connection: the preamble, then frames, with their sequence numbers and digest. Several threads
 * may send, each with its own {@link FrameWriter}; their frames do not interleave.
 */
public final class FrameStream {

  private final Transport transport;
  private final Lock lock = new ReentrantLock();
  private final StreamDigest digest = new StreamDigest();

  /** When the last frame was sent, by {@link System#nanoTime}. Guarded by the lock, as is all up to {@link #broken}. */
  private long lastSent = System.nanoTime();
  private boolean begun;
  private int sequence;

  /** The peer does not read an ALIVE any more. */
  private boolean finalFrameSent;

  /** The failure of an ALIVE, which may have been sent partially: nothing can be sent after that. */
  private @Nullable IOException broken;

  private volatile Duration sendTimeout;
  private volatile boolean aliveAfterEnd;
  private volatile boolean cancelled;

  /**
   * Creates a stream.
   *
   * @param sendTimeout how long the peer may accept no byte
   */
  public FrameStream(Transport transport, Duration sendTimeout) {
    this.transport = transport;
    this.sendTimeout = sendTimeout;
  }

  /** Sets how long the peer may accept no byte. */
  public void setSendTimeout(Duration timeout) {
    sendTimeout = timeout;
  }

  /** Sends ALIVE also after END, because the peer keeps reading. */
  public void keepAliveAfterEnd() {
    aliveAfterEnd = true;
  }

  /** Completes the header of a frame whose payload is in its buffer, and sends the frame. */
  void send(FrameHeader header, FrameKind kind, int flags, int device, int length) throws IOException {
    lock.lock();
    try {
      sendLocked(header, kind, flags, device, length);
    } finally {
      lock.unlock();
    }
  }

  private void sendLocked(FrameHeader header, FrameKind kind, int flags, int device, int length)
      throws IOException {
    if (broken != null) {
      throw broken;
    }
    if (!begun) {
      begun = true;
      sendPreamble();
    }
    header.set(kind, flags, device, length, sequence++);
    digest.add(header.bytes());
    finalFrameSent |= kind.isFinal() || (kind == FrameKind.END && !aliveAfterEnd);
    transmit(header.frame(length));
    lastSent = System.nanoTime();
  }

  /**
   * Sends ALIVE, unless another thread is sending, a frame was sent within the interval, or the final frame has been sent.
   * It does not block: if there is no space, the peer has unread data, which serves as a sign of life.
   */
  public void keepAlive(FrameHeader header, Duration interval) throws IOException {
    if (!lock.tryLock()) {
      return;
    }
    try {
      if (!finalFrameSent && System.nanoTime() - lastSent > interval.toNanos()
          && transport.hasRoom()) {
        sendLocked(header, FrameKind.ALIVE, 0, 0, 0);
      }
    } catch (IOException e) {
      broken = e;
      throw e;
    } finally {
      lock.unlock();
    }
  }

  /** Sends END with the digest of all frames since the previous END. */
  void sendEnd(FrameHeader header, ByteBuffer body) throws IOException {
    lock.lock();
    try {
      body.clear().put(digest.finish());
      sendLocked(header, FrameKind.END, 0, 0, body.position());
    } finally {
      lock.unlock();
    }
  }

  /** Sends the preamble from a separate buffer: the payload of the first frame is in the other one already. */
  private void sendPreamble() throws IOException {
    ByteBuffer preamble = ByteBuffer.allocateDirect(Preamble.BYTES);
    Preamble.write(preamble);
    transmit(preamble.flip());
  }

  private void transmit(ByteBuffer bytes) throws IOException {
    try {
      transport.send(bytes, sendTimeout);
    } catch (IOException e) {
      if (cancelled) {
        CancelledException consequence = new CancelledException();
        consequence.addSuppressed(e);
        throw consequence;
      }
      throw e;
    }
  }

  /** Announces that this side is about to close the connection: a failing send is then reported as cancelled. */
  public void cancel() {
    cancelled = true;
  }
}
