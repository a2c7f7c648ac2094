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
 * A connection to a target that is made once more if it breaks or ends before the target has sent a byte: a target to which
 * many connect closes some. What was sent until then is sent again, so that the caller does not notice.
 */
final class ReconnectingTransport extends FilterTransport {

  /** More than a preamble and a HELLO: who has sent more is not before the first answer. */
  private static final int MAX_RESENT = 1 << 18;

  private static final int STASH = 4096;
  private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(1);

  /** Makes the connection once more. */
  @FunctionalInterface
  interface Connector {
    Transport connect() throws IOException;
  }

  private final Connector connector;

  /** Changed under the lock of this. */
  private volatile Transport current;

  /** What was sent, as long as the connection may be made once more; else null. Guarded by this. */
  private @Nullable ByteArrayOutputStream resendable = new ByteArrayOutputStream();

  /** What the target sent before a send failed. Guarded by this. */
  private final ByteBuffer received = ByteBuffer.allocate(STASH).limit(0);

  /** Whether the connection is another one now. Guarded by this. */
  private boolean reconnected;

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

  /** Returns whether the target had sent something before it closed: why it did, most likely. */
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
      int stashed = takeReceived(into);
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

  /** A target that closed without a word is connected to once more; if that fails too, it is why nothing comes. */
  private int receiveAfterEnd(Transport gone, ByteBuffer into, Duration stall) throws IOException {
    boolean again;
    try {
      again = reconnect(gone);
    } catch (InterruptedIOException e) {
      throw e;
    } catch (IOException e) {
      EOFException ended = new EOFException(
          "%s closed the connection before it sent anything, and connecting once more failed: %s"
              .formatted(gone.peer(), Exceptions.message(e)));
      ended.initCause(e);
      throw ended;
    }
    return again ? receive(into, stall) : -1;
  }

  private synchronized int takeReceived(ByteBuffer into) {
    return Buffers.transfer(received, into);
  }

  /** Connects once more as below; what that fails with is suppressed in why the connection is gone. */
  private boolean reconnectAfter(IOException why, Transport gone) {
    try {
      return reconnect(gone);
    } catch (IOException e) {
      why.addSuppressed(e);
      return false;
    }
  }

  /**
   * Connects once more, and sends again what was sent.
   *
   * @return whether there is another connection now; if not, none was tried
   * @throws IOException if the other connection cannot be made, or breaks at once
   */
  private synchronized boolean reconnect(Transport gone) throws IOException {
    if (reconnected) {
      return true; // By another thread, for the same reason.
    }
    ByteArrayOutputStream again = resendable;
    settle();
    if (closed || again == null || received.hasRemaining()) {
      return false;
    }
    gone.close();
    current = connector.connect();
    reconnected = true;
    if (closed) {
      current.close();
    }
    ByteBuffer bytes = ByteBuffer.allocateDirect(again.size()).put(again.toByteArray()).flip();
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
