// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.transport;

import io.vfio4j.engine.StalledException;
import io.vfio4j.engine.Transport;
import io.vfio4j.engine.stream.LingeringClose;
import io.vfio4j.engine.transport.HandshakeQueue.Candidate;
import io.vfio4j.engine.transport.HandshakeQueue.Progress;
import io.vfio4j.engine.transport.PeerRefusedException.Reason;
import io.vfio4j.engine.util.Closeables;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.function.Supplier;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * The TLS handshake of a connection. It has one deadline; trickling bytes do not extend it.
 */
final class TlsHandshake {

  /** The time in which a rejected peer may read the alert. */
  private static final Duration ALERT_TIMEOUT = Duration.ofSeconds(1);

  private static final String NOT_TLS = "it does not speak TLS";

  /** Enough for most ClientHellos. The rest is allocated only for a peer that sends something. */
  private static final int FIRST_BYTES = 2048;

  private final NonBlockingSocket socket;
  private final TlsSession session;
  private final TlsOutput out;
  private final TlsInput in;
  private final Runnable onReply;

  private TlsHandshake(NonBlockingSocket socket, TlsSession session, ByteBuffer received, Runnable onReply) {
    this.socket = socket;
    this.session = session;
    this.out = new TlsOutput(socket, session.engine());
    this.in = new TlsInput(socket, session.engine(), out, received);
    this.onReply = onReply;
  }

  /**
   * Performs the handshake of the connecting side, and closes the connection if that fails.
   *
   * @param deadline by {@link System#nanoTime}
   * @throws PeerRefusedException if the peer is not accepted, or does not complete the handshake in time
   */
  static Transport connect(NonBlockingSocket socket, TlsSession session, long deadline) throws IOException {
    try {
      return new TlsHandshake(socket, session, ByteBuffer.allocate(0), () -> {
      }).run(deadline);
    } catch (IOException | RuntimeException e) {
      Closeables.closeAfter(e, socket);
      throw e;
    }
  }

  /**
   * Performs the handshake of the accepting side, and closes the connection if that fails.
   *
   * @param sessions creates the TLS session, once the peer has sent something
   * @param peer has the deadline, and records the progress
   * @throws PeerRefusedException as {@link #connect} does
   */
  static Transport accept(NonBlockingSocket socket, Supplier<TlsSession> sessions, Candidate<?> peer)
      throws IOException {
    try {
      ByteBuffer received = firstBytes(socket, peer.deadline());
      peer.advanceTo(Progress.SENDING);
      if (!TlsInput.couldBeTls(received.get(received.position()))) {
        awaitEnd(socket);
        throw new PeerRefusedException(socket.peer(), Reason.NOT_TLS, NOT_TLS, null);
      }
      return new TlsHandshake(socket, sessions.get(), received, () -> peer.advanceTo(Progress.ANSWERED))
          .run(peer.deadline());
    } catch (IOException | RuntimeException e) {
      Closeables.closeAfter(e, socket);
      throw e;
    }
  }

  private static ByteBuffer firstBytes(NonBlockingSocket socket, long deadline) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(FIRST_BYTES);
    try {
      int count = socket.read(bytes);
      while (count == 0) {
        if (!socket.awaitInput(deadline)) {
          throw new PeerRefusedException(socket.peer(), Reason.TOO_SLOW, "it sent nothing in time", null);
        }
        count = socket.read(bytes);
      }
      if (count < 0) {
        throw new PeerRefusedException(socket.peer(), Reason.GONE,
            "it closed the connection before it sent anything", null);
      }
    } catch (ConnectionBrokenException e) {
      throw new PeerRefusedException(socket.peer(), Reason.GONE,
          "it closed the connection before it sent anything", e);
    }
    return bytes.flip();
  }

  private Transport run(long deadline) throws IOException {
    try {
      session.engine().beginHandshake();
      while (isHandshaking()) {
        boolean inTime = step(deadline) && System.nanoTime() - deadline < 0;
        if (!in.couldBeTls()) {
          throw refused(Reason.NOT_TLS, NOT_TLS, null);
        }
        if (!inTime) {
          throw refused(Reason.TOO_SLOW, "it took too long for the TLS handshake", null);
        }
      }
      return new TlsTransport(socket, in, out, "%s (%s)".formatted(socket.peer(), peerNames()));
    } catch (EOFException | ConnectionBrokenException e) {
      throw refused(Reason.GONE, "it closed the connection during the TLS handshake", e);
    } catch (SSLException e) {
      PeerRefusedException refused =
          in.couldBeTls() ? TlsMessages.handshakeFailure(socket.peer(), e, session.verifier())
              : refused(Reason.NOT_TLS, NOT_TLS, e);
      sendAlert(refused);
      throw refused;
    }
  }

  private boolean isHandshaking() {
    return switch (session.engine().getHandshakeStatus()) {
      case FINISHED, NOT_HANDSHAKING -> false;
      case NEED_TASK, NEED_WRAP, NEED_UNWRAP, NEED_UNWRAP_AGAIN -> true;
    };
  }

  private boolean step(long deadline) throws IOException {
    return switch (session.engine().getHandshakeStatus()) {
      case NEED_WRAP -> {
        onReply.run();
        yield out.handshake(deadline);
      }
      default -> in.handshake(deadline);
    };
  }

  private PeerRefusedException refused(Reason reason, String message, @Nullable Exception cause) {
    return new PeerRefusedException(socket.peer(), reason, message, cause);
  }

  /** Sends the alert, and waits until the peer has read it. */
  private void sendAlert(PeerRefusedException refused) {
    try {
      out.flushIfIdle();
      awaitEnd(socket);
    } catch (IOException e) {
      refused.addSuppressed(e);
    }
  }

  /** Waits until the peer has closed, so that it can read the alert. */
  private static void awaitEnd(NonBlockingSocket socket) throws IOException {
    socket.shutdownOutput();
    try {
      LingeringClose.drain(socket, ALERT_TIMEOUT);
    } catch (StalledException e) {
      // It has had its time.
    }
  }

  private String peerNames() throws IOException {
    SSLEngine engine = session.engine();
    return CertificateMessages.names((X509Certificate) engine.getSession().getPeerCertificates()[0]);
  }
}
