// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;

/**
 * One direction of a connection: the preamble, then frames, numbered and with a digest. Several threads may send to
 * it, each with a {@link FrameWriter} of its own; their frames do not mix.
 */
final class FrameStream {

  /** How many fit into the time after which the other side would give up. */
  private static final int SIGNS_OF_LIFE = 8;

  private final Transport transport;
  private final Duration stall;
  private final Lock lock = new ReentrantLock();
  private final StreamDigest digest = new StreamDigest();
  private long lastSent = System.nanoTime();
  private boolean begun;
  private int sequence;
  private volatile boolean calledOff;

  FrameStream(Transport transport, Duration stall) {
    this.transport = transport;
    this.stall = stall;
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
    if (!begun) {
      begun = true;
      sendPreamble();
    }
    header.set(kind, flags, device, length, sequence++);
    digest.add(header.bytes());
    frame.limit(FrameHeader.BYTES + length).position(0);
    transmit(frame);
    lastSent = System.nanoTime();
  }

  /** Sends a sign of life, unless somebody is sending or did so a moment ago. */
  void keepAlive(ByteBuffer frame, FrameHeader header) throws IOException {
    if (!lock.tryLock()) {
      return;
    }
    try {
      if (System.nanoTime() - lastSent > stall.toNanos() / SIGNS_OF_LIFE) {
        sendLocked(frame, header, FrameKind.ALIVE, 0, 0, 0);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Sends the preamble from a buffer of its own: the payload of the first frame is in its place already. */
  private void sendPreamble() throws IOException {
    ByteBuffer preamble = ByteBuffer.allocateDirect(Preamble.BYTES);
    Preamble.put(preamble);
    transmit(preamble.flip());
  }

  private void transmit(ByteBuffer bytes) throws IOException {
    try {
      transport.send(bytes, stall);
    } catch (IOException e) {
      if (calledOff) {
        CalledOffException consequence = new CalledOffException();
        consequence.addSuppressed(e);
        throw consequence;
      }
      throw e;
    }
  }

  /** Says that the connection is about to be closed from this side: what cannot be sent then was called off. */
  void callOff() {
    calledOff = true;
  }

  /** Returns the digest of all frames since it was asked for last. */
  byte[] digest() {
    lock.lock();
    try {
      return digest.finish();
    } finally {
      lock.unlock();
    }
  }
}
