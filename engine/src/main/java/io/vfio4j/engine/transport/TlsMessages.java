// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.transport;

import io.vfio4j.engine.transport.CertificateMessages.Flaw;
import io.vfio4j.engine.transport.PeerRefusedException.Reason;
import io.vfio4j.engine.util.Exceptions;
import java.io.IOException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;

/** Describes the exceptions of the JDK's TLS. */
final class TlsMessages {

  /** The alerts of RFC 8446, section 6, as the JDK names them. */
  private static final Pattern ALERT = Pattern.compile("Received fatal alert: ([a-z_]+)");

  private TlsMessages() {
  }

  /** Describes why a handshake failed. */
  static PeerRefusedException handshakeFailure(String peer, SSLException failure, PeerVerifier verifier) {
    Flaw flaw = verifier.flaw();
    String text = Exceptions.message(failure);
    if (flaw != null) {
      return new PeerRefusedException(peer, flaw.reason(), "its certificate " + flaw.description(), failure);
    }
    Matcher alert = ALERT.matcher(text);
    if (alert.find()) {
      return rejectedByPeer(peer, alert.group(1), failure);
    }
    if (text.contains("Empty client certificate chain")) {
      return new PeerRefusedException(peer, Reason.NO_CERTIFICATE, "it sent no certificate", failure);
    }
    if (text.contains("protocol version") || text.contains("(protocol_version)")) { // By a list of versions, or by a number.
      return new PeerRefusedException(peer, Reason.OLD_TLS,
          "it does not offer TLS 1.3, which is required", failure);
    }
    return new PeerRefusedException(peer, Reason.BROKEN, "the TLS handshake failed: " + text, failure);
  }

  /** Describes why an established connection failed. */
  static IOException connectionFailure(String peer, SSLException failure) {
    String text = Exceptions.message(failure);
    Matcher alert = ALERT.matcher(text);
    if (alert.find()) { // In TLS 1.3 the client completes before the server checks its certificate.
      return rejectedByPeer(peer, alert.group(1), failure);
    }
    return new IOException(peer + ": the received data was damaged or modified in transit: " + text, failure);
  }

  private static PeerRefusedException rejectedByPeer(String peer, String alert, SSLException failure) {
    return switch (alert) {
      case "protocol_version" -> new PeerRefusedException(peer, Reason.OLD_TLS,
          "it does not speak TLS 1.3", failure);
      case "certificate_required" -> refusedByPeer(peer, "it requires a certificate and got none", failure);
      case "certificate_expired" ->
        refusedByPeer(peer, "it refused our certificate: by its clock it has expired",
            failure);
      case "bad_certificate", "certificate_unknown", "unknown_ca", "unsupported_certificate", "access_denied",
          "certificate_revoked" ->
        refusedByPeer(peer, "it refused our certificate (%s); see its output for the reason".formatted(alert),
            failure);
      default -> refusedByPeer(peer, "it ended the connection (TLS alert %s)".formatted(alert), failure);
    };
  }

  private static PeerRefusedException refusedByPeer(String peer, String message, SSLException failure) {
    return new PeerRefusedException(peer, Reason.REFUSED_US, message, failure);
  }
}
