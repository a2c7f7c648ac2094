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
 * One direction of a connection: the preamble, then frames, numbered and with a digest. Several threads may send to
 * it, each with a {@link FrameWriter} of its own; their frames do not mix.
 */
public final class FrameStream {

  private final Transport transport;
  private final Lock lock = new ReentrantLock();
  private final StreamDigest digest = new StreamDigest();
  private long lastSent = System.nanoTime();
  private boolean begun;
  private int sequence;

  /** After this nobody on the other side would read a sign of life. */
  private boolean finalFrameSent;

  /** What a sign of life failed with, perhaps in its middle: nothing can be sent after that. */
  private @Nullable IOException broken;

  private volatile Duration sendTimeout;
  private volatile boolean aliveAfterEnd;
  private volatile boolean cancelled;

  /**
   * Makes a stream.
   *
   * @param room how long the other side may take nothing
   */
  public FrameStream(Transport transport, Duration room) {
    this.transport = transport;
    this.sendTimeout = room;
  }

  /** Gives the other side so long to take something. */
  public void setSendTimeout(Duration longer) {
    sendTimeout = longer;
  }

  /** Says that the other side reads on after END. */
  public void keepAliveAfterEnd() {
    aliveAfterEnd = true;
  }

  /** Completes a frame, whose payload is in its place, and sends it. */
  void send(ByteBuffer frame, FrameHeader header, FrameKind kind, int flags, int device, int length)
      throws IOException {
    lock.lock();
    try {
      sendLocked(frame, header, kind, flags, device, length);
    } finally {
      lock.unlock();
    }
  }

  private void sendLocked(ByteBuffer frame, FrameHeader header, FrameKind kind, int flags, int device,
      int length) throws IOException {
    if (broken != null) {
      throw broken;
    }
    if (!begun) {
      begun = true;
      sendPreamble();
    }
    header.set(kind, flags, device, length, sequence++);
    digest.add(header.bytes());
    frame.limit(FrameHeader.BYTES + length).position(0);
    finalFrameSent |= kind.isFinal() || (kind == FrameKind.END && !aliveAfterEnd);
    transmit(frame);
    lastSent = System.nanoTime();
  }

  /**
   * Sends a sign of life, unless somebody is sending, did so within the interval, or has said the last word. It does not wait:
   * where there is no room, the other side has not read all that was sent, and that is a sign of life to it.
   */
  public void keepAlive(ByteBuffer frame, FrameHeader header, Duration interval) throws IOException {
    if (!lock.tryLock()) {
      return;
    }
    try {
      if (!finalFrameSent && System.nanoTime() - lastSent > interval.toNanos()
          && transport.hasRoom()) {
        sendLocked(frame, header, FrameKind.ALIVE, 0, 0, 0);
      }
    } catch (IOException e) {
      broken = e;
      throw e;
    } finally {
      lock.unlock();
    }
  }

  /** Ends the stream with the digest of all frames since it was sent last. */
  void sendEnd(ByteBuffer frame, ByteBuffer body, FrameHeader header) throws IOException {
    lock.lock();
    try {
      body.clear().put(digest.finish());
      sendLocked(frame, header, FrameKind.END, 0, 0, body.position());
    } finally {
      lock.unlock();
    }
  }

  /** Sends the preamble from a buffer of its own: the payload of the first frame is in its place already. */
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

  /** Says that the connection is about to be closed from this side: what cannot be sent then was called off. */
  public void cancel() {
    cancelled = true;
  }
}
