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

/** Who we are in TLS, and whom we trust: a certificate with its key, and those of authorities. */
public final class TlsKeys {

  private static final String VERSION = "TLSv1.3";

  /** What the JDK says of TLS 1.3 to whoever judges certificates. */
  private static final String ANY_EXCHANGE = "UNKNOWN";

  private final HostKeyManager keyManager;
  private final X509ExtendedTrustManager trust;

  private TlsKeys(HostKeyManager own, X509ExtendedTrustManager trust) {
    this.keyManager = own;
    this.trust = trust;
  }

  /**
   * Where they are, PEM (RFC 7468).
   *
   * @param authority certificates of those who are trusted
   * @param certificate our own, followed by those between it and the authority, if there are such
   * @param key the key of our own (PKCS#8, not encrypted); only its owner may be able to read it
   */
  public record Files(Path authority, Path certificate, Path key) {

    /** Returns the files of a folder that {@code vfio4j keys} made. */
    public static Files in(Path folder) {
      return new Files(folder.resolve("ca.pem"), folder.resolve("cert.pem"), folder.resolve("key.pem"));
    }
  }

  /**
   * Reads keys, and checks that the other side could accept them: that they belong together and are good now.
   *
   * @throws IOException if a file is missing, is no such file, or something is wrong with it, in words
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

  /** Makes keys without a look at whether the other side could accept them. */
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
      throw new GeneralSecurityException(e); // Of loading nothing.
    }
  }

  private static X509ExtendedTrustManager trustManager(TrustManagerFactory factory)
      throws GeneralSecurityException {
    return Arrays.stream(factory.getTrustManagers()).filter(X509ExtendedTrustManager.class::isInstance)
        .map(X509ExtendedTrustManager.class::cast).findFirst()
        .orElseThrow(() -> new GeneralSecurityException("the JDK judges no certificates"));
  }

  private static void requirePair(Files files, X509Certificate certificate, PrivateKey key)
      throws IOException, GeneralSecurityException {
    String algorithm = switch (key.getAlgorithm()) {
      case "EC" -> "SHA256withECDSA";
      case "RSA" -> "SHA256withRSA";
      case String other -> other; // EdDSA, which is its own signature.
    };
    byte[] message = certificate.getEncoded();
    Signature signing = Signature.getInstance(algorithm);
    signing.initSign(key);
    signing.update(message);
    Signature verifying = Signature.getInstance(algorithm);
    verifying.initVerify(certificate.getPublicKey());
    verifying.update(message);
    if (!verifying.verify(signing.sign())) {
      throw new IOException(files.key() + ": is not the key of " + files.certificate());
    }
  }

  /** The JDK asks nothing of what it is told to trust, not even for its end. */
  private static void requireAuthority(Path file, X509Certificate authority) throws IOException {
    if (authority.getBasicConstraints() < 0) {
      throw new IOException("%s: the certificate of %s is not an authority's"
          .formatted(file, CertificateMessages.names(authority)));
    }
    try {
      authority.checkValidity();
    } catch (CertificateException e) {
      throw new IOException("%s: the authority's certificate is good from %s to %s, and not now".formatted(
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

  /** Makes the TLS of a connection that is made to a host. */
  TlsSession clientSession(String name, int port) {
    return session(Optional.of(name), port, true);
  }

  /** Makes the TLS of a connection that was accepted. */
  TlsSession serverSession(Optional<String> name) {
    return session(name, -1, false);
  }

  /** Each connection has a context of its own: none resumes another, so that each checks certificates. */
  private TlsSession session(Optional<String> name, int port, boolean client) {
    PeerVerifier verifier = new PeerVerifier(trust);
    SSLEngine engine = name.isPresent() ? context(verifier).createSSLEngine(name.get(), port)
        : context(verifier).createSSLEngine();
    engine.setUseClientMode(client);
    SSLParameters parameters = engine.getSSLParameters();
    parameters.setProtocols(new String[] {VERSION});
    parameters.setNeedClientAuth(true);
    if (name.isPresent()) {
      parameters.setEndpointIdentificationAlgorithm("HTTPS"); // RFC 9110, section 4.3.4: names as they are there.
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
