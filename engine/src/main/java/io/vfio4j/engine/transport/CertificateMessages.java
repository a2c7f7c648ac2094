// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.transport;

import io.vfio4j.engine.transport.PeerRefusedException.Reason;
import io.vfio4j.engine.util.Exceptions;
import io.vfio4j.model.SanitizedText;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Names the hosts of a certificate, and describes why one is not accepted. */
final class CertificateMessages {

  /** RFC 5280, section 4.2.1.6. */
  private static final List<Integer> NAMES_AND_ADDRESSES = List.of(2, 7);

  private CertificateMessages() {
  }

  /**
   * Why a certificate is not accepted.
   *
   * @param description continues "its certificate" or "our own certificate"
   */
  record Flaw(Reason reason, String description) {
  }

  /** Returns why the JDK rejected the first certificate of a chain. */
  static Flaw flaw(X509Certificate[] chain, CertificateException found) {
    CertPathValidatorException path = cause(found, CertPathValidatorException.class);
    String whose = "(" + names(chain[0]) + ") ";
    if (path != null && path.getReason() == CertPathValidatorException.BasicReason.EXPIRED) {
      return new Flaw(Reason.EXPIRED, whose + "has expired: it was valid until " + expiry(chain));
    }
    if (path != null && path.getReason() == CertPathValidatorException.BasicReason.NOT_YET_VALID) {
      return new Flaw(Reason.NOT_YET_VALID, whose + "is not valid yet: it is valid from "
          + chain[0].getNotBefore().toInstant() + "; check the clocks of both hosts");
    }
    if (path != null || cause(found, CertPathBuilderException.class) != null) {
      return new Flaw(Reason.WRONG_AUTHORITY,
          whose + "is not signed by the trusted CA: " + Exceptions.message(found));
    }
    return new Flaw(Reason.WRONG_AUTHORITY, whose + "is not accepted: " + Exceptions.message(found));
  }

  /** The earliest end of validity in the chain. */
  private static String expiry(X509Certificate[] chain) {
    return List.of(chain).stream().map(certificate -> certificate.getNotAfter().toInstant())
        .min(Comparator.naturalOrder()).orElseThrow().toString();
  }

  private static <T extends Throwable> @Nullable T cause(Throwable failure, Class<T> kind) {
    for (Throwable e = failure; e != null; e = e.getCause()) {
      if (kind.isInstance(e)) {
        return kind.cast(e);
      }
    }
    return null;
  }

  /** Returns the hosts that a certificate is for, sanitized: the peer may not be authenticated. */
  static String names(X509Certificate certificate) {
    String names = alternativeNames(certificate).stream()
        .filter(name -> NAMES_AND_ADDRESSES.contains((Integer) name.getFirst()))
        .map(name -> String.valueOf(name.get(1))).collect(Collectors.joining(", "));
    String text = names.isEmpty() ? certificate.getSubjectX500Principal().getName() : names;
    return SanitizedText.of(text.length() > 200 ? text.substring(0, 200) + "…" : text);
  }

  private static Collection<List<?>> alternativeNames(X509Certificate certificate) {
    try {
      Collection<List<?>> names = certificate.getSubjectAlternativeNames();
      return names == null ? List.of() : names;
    } catch (CertificateParsingException e) {
      return List.of(); // The peer is not authenticated; the subject is named instead.
    }
  }
}
