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
 * The sending half of TLS: makes several records of what is to be sent, and gives them to the system in one
 * call. Records are made in an array: into native memory the JDK encrypts slower by a third.
 */
final class TlsOutput {

  /** Enough that a call of the system is lost beside the encryption. */
  private static final int RECORDS = 16;

  private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

  private final NonBlockingSocket socket;
  private final SSLEngine engine;

  /** Of whoever sends; the receiver, which now and then has to answer, does not wait for it. */
  private final ReentrantLock sending = new ReentrantLock();

  /** Between position and limit is what the system has not taken yet. Room for one record at first. */
  private ByteBuffer records;

  private final int recordBytes;

  TlsOutput(NonBlockingSocket socket, SSLEngine engine) {
    this.socket = socket;
    this.engine = engine;
    this.recordBytes = engine.getSession().getPacketBufferSize();
    this.records = ByteBuffer.allocate(recordBytes).limit(0);
  }

  /** Sends all that remains. */
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
      records = ByteBuffer.allocate(RECORDS * recordBytes); // Only a connection that carries much needs them.
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
      throw new SSLException("TLS does not go on: " + result);
    }
  }

  /** Makes what the handshake has to say, and sends it by the deadline; returns false at that. */
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
   * Says what TLS has to, if nobody is sending and as far as there is room: new keys are acknowledged, or an
   * alert is sent. Whoever is sending does it with the next record.
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

  /** What there is no room for goes before the next record. */
  private void tryWrite() {
    try {
      socket.write(records);
    } catch (IOException e) {
      // The other side takes nothing any more, and what it sent before may still be read. Whoever sends learns it.
    }
  }

  /** Announces the end (close_notify, RFC 8446, section 6.1), if nobody is in the middle of sending. */
  void closeOutbound() throws SSLException {
    engine.closeOutbound();
    flushIfIdle();
  }
}
