// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import io.vfio4j.engine.PeerRefusedException.Reason;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.cert.X509Certificate;
import java.time.Duration;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * Makes a connection to one over TLS. It is done by a deadline as a whole: bytes that drip do not start the
 * time anew.
 */
final class TlsHandshake {

  /** How long who was refused has for reading why. */
  private static final Duration LAST_WORDS = Duration.ofSeconds(1);

  private final Wire wire;
  private final TlsSession session;
  private final TlsOutput out;
  private final TlsInput in;

  private TlsHandshake(Wire wire, TlsSession session) {
    this.wire = wire;
    this.session = session;
    this.out = new TlsOutput(wire, session.engine());
    this.in = new TlsInput(wire, session.engine(), out);
  }

  /**
   * Takes over a connection, and closes it if that fails.
   *
   * @param deadline by {@link System#nanoTime}
   * @throws PeerRefusedException if the other side is not who may be there, or none that speaks TLS in time
   */
  static Transport over(Wire wire, TlsSession session, long deadline) throws IOException {
    try {
      return new TlsHandshake(wire, session).run(deadline);
    } catch (IOException | RuntimeException e) {
      Closing.after(e, wire);
      throw e;
    }
  }

  private Transport run(long deadline) throws IOException {
    try {
      session.engine().beginHandshake();
      while (isUnderWay()) {
        boolean inTime = step(deadline) && System.nanoTime() - deadline < 0;
        if (!in.couldBeTls()) {
          throw refused(Reason.NOT_TLS, "it does not speak TLS", null);
        }
        if (!inTime) {
          throw refused(Reason.TOO_SLOW, "it took too long for the TLS handshake", null);
        }
      }
      return new TlsTransport(wire, in, out, "%s (%s)".formatted(wire.peer(), peerNames()));
    } catch (EOFException e) {
      throw refused(Reason.GONE, "it closed the connection during the TLS handshake", e);
    } catch (SSLException e) {
      PeerRefusedException refused = in.couldBeTls() ? TlsWords.handshake(wire.peer(), e, session.verifier())
          : refused(Reason.NOT_TLS, "it does not speak TLS", e);
      sayWhy(refused);
      throw refused;
    }
  }

  private boolean isUnderWay() {
    return switch (session.engine().getHandshakeStatus()) {
      case FINISHED, NOT_HANDSHAKING -> false;
      case NEED_TASK, NEED_WRAP, NEED_UNWRAP, NEED_UNWRAP_AGAIN -> true;
    };
  }

  private boolean step(long deadline) throws IOException {
    return switch (session.engine().getHandshakeStatus()) {
      case NEED_WRAP -> out.say(deadline);
      default -> in.hear(deadline);
    };
  }

  private PeerRefusedException refused(Reason reason, String words,
      @Nullable Exception cause) {
    return new PeerRefusedException(wire.peer(), reason, words, cause);
  }

  /**
   * Sends the alert, and reads on until the other side has closed: a connection closed with bytes unread
   * would be reset, and the alert lost.
   */
  private void sayWhy(PeerRefusedException refused) {
    long end = System.nanoTime() + LAST_WORDS.toNanos();
    try {
      out.sayIfIdle();
      wire.shutdownOutput();
      ByteBuffer dropped = ByteBuffer.allocate(8192);
      int count = 0;
      while (count >= 0 && System.nanoTime() - end < 0) {
        count = wire.read(dropped.clear());
        if (count == 0 && !wire.awaitInput(end)) {
          return;
        }
      }
    } catch (IOException e) {
      refused.addSuppressed(e);
    }
  }

  private String peerNames() throws IOException {
    SSLEngine engine = session.engine();
    return CertificateWords.names((X509Certificate) engine.getSession().getPeerCertificates()[0]);
  }
}
