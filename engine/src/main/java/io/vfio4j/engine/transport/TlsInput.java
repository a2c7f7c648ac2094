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
 * The receiving half of TLS: takes as many records from the system as there are, and decrypts each to where
 * it is wanted, if all of it has room there.
 */
final class TlsInput {

  private static final int RECORDS = 16;

  private static final int NO_BYTE = -1;
  private static final int ALERT = 21;
  private static final int HANDSHAKE = 22;

  private final NonBlockingSocket socket;
  private final SSLEngine engine;
  private final TlsOutput out;

  /** Between position and limit are records that came, the last one often not whole. Room for one at first. */
  private ByteBuffer records;

  /** Between position and limit is what was decrypted and not taken yet. */
  private final ByteBuffer plain;

  private int firstByte = NO_BYTE;

  /** The other side announced its end. */
  private boolean ended;

  /** The connection ended. */
  private boolean truncated;

  private final int maxBytes;

  /**
   * Makes the half of a connection.
   *
   * @param begun what has been received already
   */
  TlsInput(NonBlockingSocket socket, SSLEngine engine, TlsOutput out, ByteBuffer begun) {
    this.socket = socket;
    this.engine = engine;
    this.out = out;
    int recordBytes = engine.getSession().getPacketBufferSize();
    this.maxBytes = RECORDS * recordBytes;
    this.records = ByteBuffer.allocate(Math.max(recordBytes, begun.remaining()));
    if (begun.hasRemaining()) {
      firstByte = begun.get(begun.position());
    }
    records.put(begun).flip();
    this.plain = ByteBuffer.allocate(engine.getSession().getApplicationBufferSize()).limit(0);
  }

  /** Receives at least one byte; returns how many came, or -1 where the other side announced its end. */
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

  /** Tells whether there are bytes to take, or an end, or a failure; what it takes to know is done. */
  boolean hasInput() throws IOException {
    while (!plain.hasRemaining() && !ended && !truncated) {
      if (!decryptToBuffer() && !ended && fill() == 0) {
        return false;
      }
    }
    return true;
  }

  /** Takes what is decrypted, and then decrypts what has come. */
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

  /** Decrypts the next record; returns false if it is not whole yet, or the other side announced its end. */
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
        case BUFFER_OVERFLOW -> throw new SSLException("a record is longer than any");
        case OK -> {
          if (result.bytesConsumed() == 0 && result.bytesProduced() == 0) {
            throw new SSLException("TLS does not go on: " + result);
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

  /** Takes what has come from the system; returns 0 if nothing has, and -1 at the end of the connection. */
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

  /** Makes room for as much as is received at once; only a connection that carries much needs it. */
  private void grow() {
    if (records.capacity() < maxBytes
        && engine.getHandshakeStatus() == SSLEngineResult.HandshakeStatus.NOT_HANDSHAKING) {
      records = ByteBuffer.allocate(maxBytes).put(records.flip());
    }
  }

  /** What was not announced may have been made by somebody in between, who cut off the rest. */
  private IOException truncatedException() {
    return new EOFException(socket.peer() + ": the connection broke off, its end was not announced");
  }

  /**
   * Hears what the handshake has to say, by the deadline; returns false at that.
   *
   * @throws EOFException if the other side went away
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

  /** Returns whether what came could be TLS. */
  boolean couldBeTls() {
    return firstByte == NO_BYTE || couldBeTls(firstByte);
  }

  /** Returns whether a first byte could be that of TLS: the kind of the first record (RFC 8446, section 5.1). */
  static boolean couldBeTls(int firstByte) {
    return firstByte == ALERT || firstByte == HANDSHAKE;
  }
}
