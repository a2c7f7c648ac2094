// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.transport;

import io.vfio4j.engine.transport.CertificateMessages.Flaw;
import io.vfio4j.engine.util.Exceptions;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;

/** Our own certificate with its key, and the certificates of the trusted CA. */
public final class TlsKeys {

  private static final String VERSION = "TLSv1.3";

  /** The key exchange that the JDK passes to a trust manager for TLS 1.3. */
  private static final String ANY_EXCHANGE = "UNKNOWN";

  private final HostKeyManager keyManager;
  private final X509ExtendedTrustManager trust;

  private TlsKeys(HostKeyManager keyManager, X509ExtendedTrustManager trust) {
    this.keyManager = keyManager;
    this.trust = trust;
  }

  /**
   * The files, in PEM (RFC 7468).
   *
   * @param authority the certificates of the trusted CA
   * @param certificate our own certificate, followed by intermediate ones, if any
   * @param key the key of our certificate (PKCS#8, not encrypted); it must be readable by its owner only
   */
  public record Files(Path authority, Path certificate, Path key) {

    /** Returns the files of a folder that {@code vfio4j keys} made. */
    public static Files in(Path folder) {
      return new Files(folder.resolve("ca.pem"), folder.resolve("cert.pem"), folder.resolve("key.pem"));
    }
  }

  /**
   * Reads keys, and checks that a peer can accept them: that they match, and are valid now.
   *
   * @throws IOException if a file is missing or invalid; the message says what is wrong
   */
  public static TlsKeys load(Files files) throws IOException {
    List<X509Certificate> authorities = PemFiles.certificates(files.authority());
    List<X509Certificate> chain = PemFiles.certificates(files.certificate());
    PrivateKey key = PemFiles.key(files.key(), chain.getFirst().getPublicKey().getAlgorithm());
    try {
      requirePair(files, chain.getFirst(), key);
      for (X509Certificate authority : authorities) {
        requireAuthority(files.authority(), authority);
      }
      TlsKeys keys = of(authorities, chain, key);
      keys.requireValid(files.certificate(), chain.toArray(X509Certificate[]::new));
      return keys;
    } catch (GeneralSecurityException e) {
      throw new IOException("the keys cannot be used: " + Exceptions.message(e), e);
    }
  }

  /** Creates keys without checking whether a peer can accept them. */
  static TlsKeys of(List<X509Certificate> authorities, List<X509Certificate> chain, PrivateKey key)
      throws GeneralSecurityException {
    try {
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(null, null);
      for (int i = 0; i < authorities.size(); i++) {
        store.setCertificateEntry(Integer.toString(i), authorities.get(i));
      }
      TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
      factory.init(store);
      return new TlsKeys(new HostKeyManager(chain, key), trustManager(factory));
    } catch (IOException e) {
      throw new GeneralSecurityException(e); // From loading nothing.
    }
  }

  private static X509ExtendedTrustManager trustManager(TrustManagerFactory factory)
      throws GeneralSecurityException {
    return Arrays.stream(factory.getTrustManagers()).filter(X509ExtendedTrustManager.class::isInstance)
        .map(X509ExtendedTrustManager.class::cast).findFirst()
        .orElseThrow(() -> new GeneralSecurityException("the JDK has no X.509 trust manager"));
  }

  private static void requirePair(Files files, X509Certificate certificate, PrivateKey key)
      throws IOException, GeneralSecurityException {
    String algorithm = switch (key.getAlgorithm()) {
      case "EC" -> "SHA256withECDSA";
      case "RSA" -> "SHA256withRSA";
      case String other -> other; // EdDSA, whose signature has the same name.
    };
    byte[] message = certificate.getEncoded();
    Signature signing = Signature.getInstance(algorithm);
    signing.initSign(key);
    signing.update(message);
    Signature verifying = Signature.getInstance(algorithm);
    verifying.initVerify(certificate.getPublicKey());
    verifying.update(message);
    if (!verifying.verify(signing.sign())) {
      throw new IOException(files.key() + ": not the key of " + files.certificate());
    }
  }

  /** The JDK does not check a trusted certificate, not even its validity. */
  private static void requireAuthority(Path file, X509Certificate authority) throws IOException {
    if (authority.getBasicConstraints() < 0) {
      throw new IOException("%s: the certificate of %s is not that of a CA"
          .formatted(file, CertificateMessages.names(authority)));
    }
    try {
      authority.checkValidity();
    } catch (CertificateException e) {
      throw new IOException("%s: the CA certificate is valid from %s to %s, and not now".formatted(
          file, authority.getNotBefore().toInstant(), authority.getNotAfter().toInstant()), e);
    }
  }

  private void requireValid(Path file, X509Certificate[] chain) throws IOException {
    PeerVerifier verifier = new PeerVerifier(trust);
    try {
      verifier.checkServerTrusted(chain, ANY_EXCHANGE);
      verifier.checkClientTrusted(chain, ANY_EXCHANGE);
    } catch (CertificateException e) {
      Flaw flaw = verifier.flaw();
      throw new IOException(
          file + ": our own certificate " + (flaw == null ? Exceptions.message(e) : flaw.description()), e);
    }
  }

  /** Creates the session of a connection to a host. */
  TlsSession clientSession(String name, int port) {
    return session(Optional.of(name), port, true);
  }

  /** Creates the session of an accepted connection. */
  TlsSession serverSession(Optional<String> name) {
    return session(name, -1, false);
  }

  /** Each connection has its own context, so that no session is resumed and each connection checks certificates. */
  private TlsSession session(Optional<String> name, int port, boolean client) {
    PeerVerifier verifier = new PeerVerifier(trust);
    SSLEngine engine = name.isPresent() ? context(verifier).createSSLEngine(name.get(), port)
        : context(verifier).createSSLEngine();
    engine.setUseClientMode(client);
    SSLParameters parameters = engine.getSSLParameters();
    parameters.setProtocols(new String[] {VERSION});
    parameters.setNeedClientAuth(true);
    if (name.isPresent()) {
      parameters.setEndpointIdentificationAlgorithm("HTTPS"); // Names are matched as in RFC 9110, section 4.3.4.
    }
    engine.setSSLParameters(parameters);
    return new TlsSession(engine, verifier);
  }

  private SSLContext context(PeerVerifier verifier) {
    try {
      SSLContext context = SSLContext.getInstance(VERSION);
      context.init(new KeyManager[] {keyManager}, new TrustManager[] {verifier}, null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("the JDK lacks TLS 1.3", e);
    }
  }
}
