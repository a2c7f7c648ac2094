// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.transport;

import io.vfio4j.engine.transport.CertificateMessages.Flaw;
import io.vfio4j.engine.transport.PeerRefusedException.Reason;
import io.vfio4j.engine.util.Exceptions;
import java.net.Socket;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/**
 * Judges the other side's certificate as the JDK does, and remembers in words what was wrong with it: what
 * the handshake throws is an alert's name.
 */
final class PeerVerifier extends X509ExtendedTrustManager {

  private final X509ExtendedTrustManager jdk;
  private volatile @Nullable Flaw flaw;

  PeerVerifier(X509ExtendedTrustManager jdk) {
    this.jdk = jdk;
  }

  /** What the JDK is asked. */
  @FunctionalInterface
  private interface Check {
    void ask() throws CertificateException;
  }

  /** Returns what was wrong with the certificate, if it was shown and something was. */
  @Nullable
  Flaw flaw() {
    return flaw;
  }

  /** Judges the chain without the name first, so that a wrong name is known from a wrong chain. */
  private void verify(X509Certificate[] chain, Check chainAlone, @Nullable Check andName)
      throws CertificateException {
    try {
      if (chain[0].getBasicConstraints() >= 0) {
        // The JDK would take whatever is trusted itself, without a look at the time or the use.
        throw new CertificateException("it is an authority's and not a host's");
      }
      chainAlone.ask();
    } catch (CertificateException e) {
      throw recordFlaw(CertificateMessages.flaw(chain, e), e);
    }
    try {
      if (andName != null) {
        andName.ask();
      }
    } catch (CertificateException e) {
      throw recordFlaw(new Flaw(Reason.WRONG_NAME,
          "is for %s: %s".formatted(CertificateMessages.names(chain[0]), Exceptions.message(e))), e);
    }
  }

  private CertificateException recordFlaw(Flaw found, CertificateException why) {
    flaw = found;
    return new CertificateException(found.description(), why);
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine)
      throws CertificateException {
    verify(chain, () -> jdk.checkClientTrusted(chain, type),
        () -> jdk.checkClientTrusted(chain, type, engine));
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine)
      throws CertificateException {
    verify(chain, () -> jdk.checkServerTrusted(chain, type),
        () -> jdk.checkServerTrusted(chain, type, engine));
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String type) throws CertificateException {
    verify(chain, () -> jdk.checkClientTrusted(chain, type), null);
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String type) throws CertificateException {
    verify(chain, () -> jdk.checkServerTrusted(chain, type), null);
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {
    throw new UnsupportedOperationException("only engines are used here");
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {
    throw new UnsupportedOperationException("only engines are used here");
  }

  @Override
  public X509Certificate[] getAcceptedIssuers() {
    return jdk.getAcceptedIssuers();
  }
}
