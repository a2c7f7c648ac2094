// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vfio4j.keys.CertificateAuthority;
import io.vfio4j.keys.Host;
import io.vfio4j.keys.IssuedCertificate;
import io.vfio4j.keys.KeyFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Invalid keys are rejected before a connection is opened. */
class TlsKeysTest {

  @TempDir
  private Path folder;

  private final Instant now = Instant.now();

  private TlsKeys.Files write(CertificateAuthority authority, IssuedCertificate host) throws IOException {
    Path keys = folder.resolve("keys");
    KeyFolder.write(keys, authority.certificate(), host);
    return TlsKeys.Files.in(keys);
  }

  private TlsKeys.Files validKeys() throws Exception {
    return write(TestKeys.SET.authority(), TestKeys.SET.issue("localhost"));
  }

  private static void assertRejected(TlsKeys.Files files, String message) {
    assertThatThrownBy(() -> TlsKeys.load(files)).isInstanceOf(IOException.class)
        .hasMessageContaining(message);
  }

  @Test
  void loadsValidKeys() throws Exception {
    assertThat(TlsKeys.load(validKeys())).isNotNull();
  }

  @ParameterizedTest
  @ValueSource(strings = {"rw-r-----", "rw-rw-rw-", "rw----r--", "rw--w----", "rwx--x---"})
  void rejectsKeyAccessibleToOthers(String mode) throws Exception {
    TlsKeys.Files files = validKeys();
    Files.setPosixFilePermissions(files.key(), PosixFilePermissions.fromString(mode));
    assertRejected(files, "key.pem: the key is accessible to other users (mode " + mode + "): chmod 600 "
        + files.key());
  }

  @Test
  void rejectsExpiredCertificate() throws Exception {
    Instant end = now.minus(TestKeys.DAY);
    assertRejected(
        write(TestKeys.SET.authority(), TestKeys.SET.issue(end.minus(TestKeys.DAY), end, "localhost")),
        "cert.pem: our own certificate (localhost) has expired: it was valid until ");
  }

  @Test
  void rejectsCertificateOfAnotherAuthority() throws Exception {
    assertRejected(write(TestKeys.create().authority(), TestKeys.SET.issue("localhost")),
        "our own certificate (localhost) is not signed by the trusted CA");
  }

  @Test
  void rejectsExpiredAuthority() throws Exception {
    CertificateAuthority ended =
        CertificateAuthority.create("old", now.minus(TestKeys.DAY.multipliedBy(2)), now.minus(TestKeys.DAY));
    assertRejected(write(ended, ended.issue(Host.parse("localhost"), now.minus(TestKeys.DAY),
        now.plus(TestKeys.DAY))), "ca.pem: the CA certificate is valid from ");
  }

  @Test
  void rejectsNonAuthorityCertificate() throws Exception {
    TlsKeys.Files files = validKeys();
    assertRejected(new TlsKeys.Files(files.certificate(), files.certificate(), files.key()),
        "the certificate of localhost is not that of a CA");
  }

  @Test
  void rejectsKeyNotMatchingCertificate() throws Exception {
    IssuedCertificate one = TestKeys.SET.issue("localhost");
    assertRejected(write(TestKeys.SET.authority(),
        new IssuedCertificate(one.certificate(), TestKeys.SET.issue("localhost").key())),
        "key.pem: not the key of ");
  }

  @Test
  void rejectsMissingOrMalformedFiles() throws Exception {
    TlsKeys.Files files = validKeys();
    assertThatThrownBy(() -> TlsKeys.load(TlsKeys.Files.in(folder.resolve("none"))))
        .isInstanceOf(NoSuchFileException.class);
    assertRejected(new TlsKeys.Files(files.key(), files.certificate(), files.key()), "key.pem: ");
    Files.writeString(files.certificate(), "");
    assertRejected(files, "cert.pem: contains no certificate");
    Files.write(files.certificate(), new byte[(1 << 20) + 1]);
    assertRejected(files, "cert.pem: too long for a certificate file");
  }

  @ParameterizedTest
  @ValueSource(strings = {"ENCRYPTED PRIVATE KEY|the key is encrypted", "EC PRIVATE KEY|in an older format",
      "RSA PRIVATE KEY|in an older format", "PRIVATE KEY|not a key of the type of the certificate (EC)",
      "CERTIFICATE|contains no key"})
  void rejectsUnsupportedKeyFormats(String kindAndWords) throws Exception {
    TlsKeys.Files files = validKeys();
    String kind = kindAndWords.substring(0, kindAndWords.indexOf('|'));
    Files.writeString(files.key(), "-----BEGIN %s-----\nAAAA\n-----END %s-----\n".formatted(kind, kind));
    assertRejected(files, kindAndWords.substring(kindAndWords.indexOf('|') + 1));
  }
}
