// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.transport;

import io.vfio4j.engine.StalledException;
import io.vfio4j.engine.Transport;
import io.vfio4j.engine.util.Buffers;
import io.vfio4j.engine.util.Exceptions;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A connection to a target that reconnects once if it breaks or ends before the target has sent a byte: a target with many
 * pending peers evicts some. The bytes sent until then are sent again, transparently to the caller.
 *
 * <pre>
 * open > settled      the target has sent a byte, or too much was sent to send it again
 * open > reconnected  the connection ended; this is settled too
 * any  > closed
 * </pre>
 */
final class ReconnectingTransport extends FilterTransport {

  /** More than a preamble and a HELLO: after that the first answer must have arrived. */
  private static final int MAX_RESENT = 1 << 18;

  private static final int STASH = 4096;
  private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(1);

  /** Opens the second connection. */
  @FunctionalInterface
  interface Connector {
    Transport connect() throws IOException;
  }

  private final Connector connector;

  /** Written under the lock of this. */
  private volatile Transport current;

  /** The bytes sent, as long as a reconnect is possible; otherwise null. Guarded by this. */
  private @Nullable ByteArrayOutputStream resendable = new ByteArrayOutputStream();

  /** Bytes that the target sent before a send failed. Guarded by this. */
  private final ByteBuffer received = ByteBuffer.allocate(STASH).limit(0);

  /** Whether this is the second connection. Guarded by this. */
  private boolean reconnected;

  /** No reconnect is possible. Written under the lock of this. */
  private volatile boolean settled;
  private volatile boolean closed;

  ReconnectingTransport(Transport first, Connector connector) {
    this.current = first;
    this.connector = connector;
  }

  @Override
  Transport delegate() {
    return current;
  }

  @Override
  public void send(ByteBuffer data, Duration stall) throws IOException {
    if (settled) {
      current.send(data, stall);
    } else {
      sendAndBuffer(data, stall);
    }
  }

  private synchronized void sendAndBuffer(ByteBuffer data, Duration stall) throws IOException {
    ByteArrayOutputStream kept = resendable;
    if (kept == null || kept.size() + data.remaining() > MAX_RESENT) {
      settle();
      current.send(data, stall);
      return;
    }
    byte[] copy = new byte[data.remaining()];
    data.get(data.position(), copy);
    kept.writeBytes(copy);
    Transport at = current;
    try {
      at.send(data, stall);
    } catch (StalledException | InterruptedIOException | PeerRefusedException e) {
      throw e;
    } catch (IOException e) {
      if (hasAnswer(at) || !reconnectAfter(e, at)) {
        throw e;
      }
      data.position(data.limit());
    }
  }

  /** Returns whether the target had sent something before it closed, most likely the reason. */
  private boolean hasAnswer(Transport at) {
    received.clear();
    try {
      if (at.receive(received, ANSWER_TIMEOUT) > 0) {
        settle();
        return true;
      }
      return false;
    } catch (IOException e) {
      return false;
    } finally {
      received.flip();
    }
  }

  private synchronized void settle() {
    resendable = null;
    settled = true;
  }

  @Override
  public int receive(ByteBuffer into, Duration stall) throws IOException {
    if (settled) {
      int stashed = readReceived(into);
      return stashed > 0 ? stashed : current.receive(into, stall);
    }
    Transport at = current;
    int count;
    try {
      count = at.receive(into, stall);
    } catch (StalledException | InterruptedIOException | PeerRefusedException e) {
      throw e;
    } catch (IOException e) {
      if (!reconnectAfter(e, at)) {
        throw e;
      }
      return receive(into, stall);
    }
    if (count < 0) {
      return receiveAfterEnd(at, into, stall);
    }
    settle();
    return count;
  }

  /** Reconnects to a target that closed without sending anything; if that fails too, reports both. */
  private int receiveAfterEnd(Transport gone, ByteBuffer into, Duration stall) throws IOException {
    boolean again;
    try {
      again = reconnect(gone);
    } catch (InterruptedIOException e) {
      throw e;
    } catch (IOException e) {
      EOFException ended = new EOFException(
          "%s closed the connection before it sent anything, and reconnecting failed: %s"
              .formatted(gone.peer(), Exceptions.message(e)));
      ended.initCause(e);
      throw ended;
    }
    return again ? receive(into, stall) : -1;
  }

  private synchronized int readReceived(ByteBuffer into) {
    return Buffers.transfer(received, into);
  }

  /** Reconnects; a failure of that is suppressed in the reason why the connection ended. */
  private boolean reconnectAfter(IOException reason, Transport gone) {
    try {
      return reconnect(gone);
    } catch (IOException e) {
      reason.addSuppressed(e);
      return false;
    }
  }

  /**
   * Reconnects, and sends again what was sent.
   *
   * @return whether there is a second connection now; if not, none was attempted
   * @throws IOException if it cannot be opened, or breaks immediately
   */
  private synchronized boolean reconnect(Transport gone) throws IOException {
    if (reconnected) {
      return true; // By another thread, for the same reason.
    }
    ByteArrayOutputStream sent = resendable;
    settle();
    if (closed || sent == null || received.hasRemaining()) {
      return false;
    }
    gone.close();
    current = connector.connect();
    reconnected = true;
    if (closed) {
      current.close();
    }
    ByteBuffer bytes = ByteBuffer.allocateDirect(sent.size()).put(sent.toByteArray()).flip();
    current.send(bytes, ANSWER_TIMEOUT);
    return true;
  }

  @Override
  public boolean hasInput() throws IOException {
    synchronized (this) {
      if (received.hasRemaining()) {
        return true;
      }
    }
    return current.hasInput();
  }

  @Override
  public void close() throws IOException {
    closed = true;
    current.close();
  }
}
