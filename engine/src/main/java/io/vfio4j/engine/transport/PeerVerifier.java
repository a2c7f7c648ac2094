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
 * Verifies the peer's certificate as the JDK does, and records why it was rejected: the exception of the handshake only
 * names an alert.
 */
final class PeerVerifier extends X509ExtendedTrustManager {

  private final X509ExtendedTrustManager jdk;
  private volatile @Nullable Flaw flaw;

  PeerVerifier(X509ExtendedTrustManager jdk) {
    this.jdk = jdk;
  }

  /** A check by the JDK. */
  @FunctionalInterface
  private interface Check {
    void run() throws CertificateException;
  }

  /** Returns why the certificate was rejected; null if none was sent, or it was accepted. */
  @Nullable
  Flaw flaw() {
    return flaw;
  }

  /** Checks the chain without the name first, to distinguish a wrong name from an untrusted chain. */
  private void verify(X509Certificate[] chain, Check chainAlone, @Nullable Check andName)
      throws CertificateException {
    try {
      if (chain[0].getBasicConstraints() >= 0) {
        // The JDK accepts a trusted certificate itself, without checking its validity or usage.
        throw new CertificateException("it is a CA's and not a host's");
      }
      chainAlone.run();
    } catch (CertificateException e) {
      throw recordFlaw(CertificateMessages.flaw(chain, e), e);
    }
    try {
      if (andName != null) {
        andName.run();
      }
    } catch (CertificateException e) {
      throw recordFlaw(new Flaw(Reason.WRONG_NAME,
          "is for %s: %s".formatted(CertificateMessages.names(chain[0]), Exceptions.message(e))), e);
    }
  }

  private CertificateException recordFlaw(Flaw found, CertificateException cause) {
    flaw = found;
    return new CertificateException(found.description(), cause);
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
