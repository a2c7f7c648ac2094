// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.transport;

import io.vfio4j.engine.StalledException;
import io.vfio4j.engine.util.Buffers;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLException;

/**
 * The receiving half of TLS: reads as many records from the socket as there are, and decrypts each directly into the
 * caller's buffer if it fits there. For the receiving thread.
 */
final class TlsInput {

  private static final int RECORDS = 16;

  private static final int NO_BYTE = -1;
  private static final int ALERT = 21;
  private static final int HANDSHAKE = 22;

  private final NonBlockingSocket socket;
  private final SSLEngine engine;
  private final TlsOutput out;

  /** Between position and limit: received records, the last one often incomplete. Holds one record at first. */
  private ByteBuffer records;

  /** Between position and limit: decrypted bytes that have not been returned yet. */
  private final ByteBuffer plain;

  private int firstByte = NO_BYTE;

  /** The peer sent close_notify. */
  private boolean ended;

  /** The connection ended without close_notify. */
  private boolean truncated;

  private final int maxBytes;

  /**
   * Creates the receiving half.
   *
   * @param received bytes that have been received already
   */
  TlsInput(NonBlockingSocket socket, SSLEngine engine, TlsOutput out, ByteBuffer received) {
    this.socket = socket;
    this.engine = engine;
    this.out = out;
    int recordBytes = engine.getSession().getPacketBufferSize();
    this.maxBytes = RECORDS * recordBytes;
    this.records = ByteBuffer.allocate(Math.max(recordBytes, received.remaining()));
    if (received.hasRemaining()) {
      firstByte = received.get(received.position());
    }
    records.put(received).flip();
    this.plain = ByteBuffer.allocate(engine.getSession().getApplicationBufferSize()).limit(0);
  }

  /** Receives at least one byte; returns their number, or -1 after close_notify. */
  int receive(ByteBuffer into, Duration stall) throws IOException {
    long deadline = System.nanoTime() + stall.toNanos();
    int before = into.position();
    while (true) {
      take(into);
      if (into.position() > before) {
        return into.position() - before;
      }
      if (ended) {
        return -1;
      }
      if (truncated) {
        throw truncatedException();
      }
      if (fill() == 0 && !socket.awaitInput(deadline)) {
        throw new StalledException(socket.peer(), "sent nothing", stall);
      }
    }
  }

  /** Returns whether {@link #receive} would not block; decrypts what has arrived to find out. */
  boolean hasInput() throws IOException {
    while (!plain.hasRemaining() && !ended && !truncated) {
      if (!decryptToBuffer() && !ended && fill() == 0) {
        return false;
      }
    }
    return true;
  }

  /** Returns decrypted bytes, then decrypts what has arrived. */
  private void take(ByteBuffer into) throws IOException {
    Buffers.transfer(plain, into);
    while (into.hasRemaining() && !ended) {
      boolean hasRoom = into.remaining() >= plain.capacity();
      boolean more = hasRoom ? decrypt(into) : decryptToBuffer();
      Buffers.transfer(plain, into);
      if (!more) {
        return;
      }
    }
  }

  private boolean decryptToBuffer() throws IOException {
    plain.clear();
    try {
      return decrypt(plain);
    } finally {
      plain.flip();
    }
  }

  /** Decrypts the next record; returns false if it is incomplete, or close_notify. */
  private boolean decrypt(ByteBuffer into) throws IOException {
    try {
      SSLEngineResult result = engine.unwrap(records, into);
      runHandshakeTasks(result);
      return switch (result.getStatus()) {
        case BUFFER_UNDERFLOW -> false;
        case CLOSED -> {
          ended = true;
          yield false;
        }
        case BUFFER_OVERFLOW -> throw new SSLException("a record exceeds the maximum length");
        case OK -> {
          if (result.bytesConsumed() == 0 && result.bytesProduced() == 0) {
            throw new SSLException("TLS makes no progress: " + result);
          }
          yield true;
        }
      };
    } catch (SSLException e) {
      out.flushIfIdle(); // The alert.
      throw TlsMessages.connectionFailure(socket.peer(), e);
    }
  }

  private void runHandshakeTasks(SSLEngineResult result) throws IOException {
    TlsTasks.run(engine, result);
    if (result.getHandshakeStatus() == SSLEngineResult.HandshakeStatus.NEED_WRAP) {
      out.flushIfIdle();
    }
  }

  /** Reads from the socket; returns 0 if there is nothing, and -1 at the end of the connection. */
  private int fill() throws IOException {
    records.compact();
    try {
      int count = socket.read(records);
      truncated = count < 0;
      if (firstByte == NO_BYTE && count > 0) {
        firstByte = records.get(0);
      }
      if (!records.hasRemaining()) {
        grow();
      }
      return count;
    } finally {
      records.flip();
    }
  }

  /** Makes room for several records; only a connection with bulk data needs it. */
  private void grow() {
    if (records.capacity() < maxBytes
        && engine.getHandshakeStatus() == SSLEngineResult.HandshakeStatus.NOT_HANDSHAKING) {
      records = ByteBuffer.allocate(maxBytes).put(records.flip());
    }
  }

  /** An end without close_notify may be an attack that truncates the stream. */
  private IOException truncatedException() {
    return new EOFException(socket.peer() + ": the connection ended without close_notify");
  }

  /**
   * Receives the next part of the handshake; returns false at the deadline.
   *
   * @throws EOFException if the peer disconnected
   */
  boolean handshake(long deadline) throws IOException {
    SSLEngineResult result;
    plain.clear();
    try {
      result = engine.unwrap(records, plain);
    } finally {
      plain.flip();
    }
    TlsTasks.run(engine, result);
    if (result.getStatus() == SSLEngineResult.Status.CLOSED) {
      throw truncatedException();
    }
    boolean waits = result.getStatus() == SSLEngineResult.Status.BUFFER_UNDERFLOW;
    if (waits && fill() == 0 && !socket.awaitInput(deadline)) {
      return false;
    }
    if (truncated) {
      throw truncatedException();
    }
    return true;
  }

  /** Returns whether what was received could be TLS. */
  boolean couldBeTls() {
    return firstByte == NO_BYTE || couldBeTls(firstByte);
  }

  /** Returns whether this can be the first byte of TLS: the type of the first record (RFC 8446, section 5.1). */
  static boolean couldBeTls(int firstByte) {
    return firstByte == ALERT || firstByte == HANDSHAKE;
  }
}
