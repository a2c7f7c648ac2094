// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.transport;

import io.vfio4j.keys.CertificateAuthority;
import io.vfio4j.keys.Host;
import io.vfio4j.keys.IssuedCertificate;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.Security;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** Keys for tests, all of one CA. */
@SuppressWarnings("exports") // Not API: a test in an exported package.
public record TestKeys(CertificateAuthority authority) {

  public static final Duration DAY = Duration.ofDays(1);

  // Connections with these keys update them every MiB instead of every 128 GiB.
  static {
    Security.setProperty("jdk.tls.keyLimits", "AES/GCM/NoPadding KeyUpdate 2^20");
  }

  public static final TestKeys SET = create();

  /** Creates keys of another CA. */
  static TestKeys create() {
    try {
      Instant now = Instant.now();
      return new TestKeys(CertificateAuthority.create("test", now.minus(DAY.multipliedBy(9)), now.plus(DAY)));
    } catch (GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }

  public IssuedCertificate issue(Instant from, Instant until, String... names)
      throws GeneralSecurityException {
    return authority.issue(new Host(List.of(names)), from, until);
  }

  IssuedCertificate issue(String... names) throws GeneralSecurityException {
    Instant now = Instant.now();
    return issue(now.minus(DAY), now.plus(DAY), names);
  }

  /** Returns keys that trust this CA, with a certificate of any CA. */
  public TlsKeys keys(IssuedCertificate own) throws GeneralSecurityException {
    return TlsKeys.of(List.of(authority.certificate()), List.of(own.certificate()), own.key());
  }

  /** Returns the policy of a host. */
  public PeerPolicy policy(String... names) {
    try {
      return PeerPolicy.OWN_USER.withKeys(keys(issue(names)));
    } catch (GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }

  /** Returns the TLS of a foreign client that trusts this CA, and has no certificate. */
  SSLContext foreignContext() throws GeneralSecurityException, IOException {
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    store.setCertificateEntry("ca", authority.certificate());
    TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
    trust.init(store);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    return context;
  }
}
