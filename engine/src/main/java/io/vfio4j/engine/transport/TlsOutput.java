// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.transport;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.locks.ReentrantLock;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLException;

/**
 * The sending half of TLS: encrypts several records and writes them to the socket with one call. Records are on the heap:
 * the JDK encrypts a third slower into native memory.
 */
final class TlsOutput {

  /** Enough to make the cost of a system call negligible compared with the encryption. */
  private static final int RECORDS = 16;

  private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

  private final NonBlockingSocket socket;
  private final SSLEngine engine;

  /** Held by a sender. The receiving thread, which sometimes has to answer, only tries to get it. */
  private final ReentrantLock sending = new ReentrantLock();

  /** Between position and limit: records not written yet. Holds one record at first. Guarded by the lock. */
  private ByteBuffer records;

  private final int recordBytes;

  TlsOutput(NonBlockingSocket socket, SSLEngine engine) {
    this.socket = socket;
    this.engine = engine;
    this.recordBytes = engine.getSession().getPacketBufferSize();
    this.records = ByteBuffer.allocate(recordBytes).limit(0);
  }

  /** Sends all remaining bytes. */
  void send(ByteBuffer data, Duration stall) throws IOException {
    sending.lock();
    try {
      socket.send(records, stall);
      while (data.hasRemaining()) {
        encrypt(data);
        socket.send(records, stall);
      }
    } finally {
      sending.unlock();
    }
  }

  private void encrypt(ByteBuffer data) throws IOException {
    if (data.remaining() > records.capacity() && records.capacity() < RECORDS * recordBytes) {
      records = ByteBuffer.allocate(RECORDS * recordBytes); // Only a connection with bulk data needs them.
    }
    records.clear();
    try {
      while (data.hasRemaining() && records.remaining() >= recordBytes) {
        wrap(data);
      }
    } finally {
      records.flip();
    }
  }

  private void wrap(ByteBuffer data) throws IOException {
    SSLEngineResult result = engine.wrap(data, records);
    if (result.getStatus() == SSLEngineResult.Status.CLOSED) {
      throw new IOException("the connection to " + socket.peer() + " was closed");
    }
    TlsTasks.run(engine, result);
    if (result.bytesConsumed() == 0 && result.bytesProduced() == 0) {
      throw new SSLException("TLS makes no progress: " + result);
    }
  }

  /** Sends the next part of the handshake; returns false at the deadline. */
  boolean handshake(long deadline) throws IOException {
    sending.lock();
    try {
      records.compact();
      try {
        TlsTasks.run(engine, engine.wrap(NOTHING, records));
      } finally {
        records.flip();
      }
      while (records.hasRemaining()) {
        if (socket.write(records) == 0 && !socket.awaitRoom(deadline)) {
          return false;
        }
      }
      return true;
    } finally {
      sending.unlock();
    }
  }

  /**
   * Sends pending TLS messages (a key update, an alert), if no thread is sending and as far as there is space. A thread
   * that is sending includes them in its next record.
   */
  void flushIfIdle() throws SSLException {
    if (!sending.tryLock()) {
      return;
    }
    try {
      records.compact();
      try {
        while (engine.getHandshakeStatus() == SSLEngineResult.HandshakeStatus.NEED_WRAP
            && records.remaining() >= recordBytes) {
          TlsTasks.run(engine, engine.wrap(NOTHING, records));
        }
      } finally {
        records.flip();
      }
      tryWrite();
    } finally {
      sending.unlock();
    }
  }

  /** What does not fit is sent before the next record. */
  private void tryWrite() {
    try {
      socket.write(records);
    } catch (IOException e) {
      // Data that the peer sent before may still be read. The next send reports the error.
    }
  }

  /** Sends close_notify (RFC 8446, section 6.1), unless a thread is sending. */
  void closeOutbound() throws SSLException {
    engine.closeOutbound();
    flushIfIdle();
  }
}
