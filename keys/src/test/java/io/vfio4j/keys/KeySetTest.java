// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.keys;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.spi.ToolProvider;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The created keys, as read by the JDK and, if installed, by openssl. */
class KeySetTest {

  private final Instant now = Instant.now().truncatedTo(ChronoUnit.SECONDS);

  @TempDir
  private Path folder;

  private Path make(String... hosts) throws Exception {
    Path set = folder.resolve("set");
    KeySet.write(set, Stream.of(hosts).map(Host::parse).toList(), now, Duration.ofDays(30));
    return set;
  }

  private static X509Certificate read(Path file) throws Exception {
    try (InputStream in = Files.newInputStream(file)) {
      return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
    }
  }

  @Test
  void issuesCertificatesWithExpectedExtensions() throws Exception {
    Path set = make("host-a,192.0.2.1,2001:db8::1,a.example.org", "host-b");
    X509Certificate ca = read(set.resolve("host-a/ca.pem"));
    X509Certificate host = read(set.resolve("host-a/cert.pem"));

    assertThat(ca.getBasicConstraints()).isZero();
    assertThat(host.getBasicConstraints()).isEqualTo(-1);
    host.verify(ca.getPublicKey());
    assertThat(host.getSubjectX500Principal().getName()).isEqualTo("CN=host-a");
    assertThat(host.getSubjectAlternativeNames()).extracting(name -> name.get(0) + " " + name.get(1))
        .containsExactly("2 host-a", "7 192.0.2.1", "7 2001:db8:0:0:0:0:0:1", "2 a.example.org");
    assertThat(host.getExtendedKeyUsage()).containsExactly("1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2");
    assertThat(host.getNotBefore().toInstant()).isEqualTo(now.minus(Duration.ofHours(1)));
    assertThat(host.getNotAfter().toInstant()).isEqualTo(now.plus(Duration.ofDays(30)));
    assertThat(host.getSerialNumber()).isPositive();
    assertThat(host.getSerialNumber()).isNotEqualTo(read(set.resolve("host-b/cert.pem")).getSerialNumber());
    assertThat(read(set.resolve("host-b/ca.pem"))).isEqualTo(ca);
  }

  @Test
  void passesOpensslVerification() throws Exception {
    assumeTrue(Files.isExecutable(Path.of("/usr/bin/openssl")),
        "openssl is not installed");
    Path host = make("host-a").resolve("host-a");
    assertThat(openssl("verify", "-x509_strict", "-purpose", "sslserver", "-verify_hostname", "host-a",
        "-CAfile", host.resolve("ca.pem").toString(), host.resolve("cert.pem").toString())).isZero();
    assertThat(openssl("verify", "-x509_strict", "-purpose", "sslclient", "-CAfile",
        host.resolve("ca.pem").toString(), host.resolve("cert.pem").toString())).isZero();
    assertThat(openssl("pkey", "-noout", "-in", host.resolve("key.pem").toString())).isZero();
  }

  private static int openssl(String... arguments) throws Exception {
    List<String> command =
        Stream.concat(Stream.of("/usr/bin/openssl"), Stream.of(arguments)).toList();
    return new ProcessBuilder(command).inheritIO().redirectOutput(ProcessBuilder.Redirect.DISCARD).start()
        .waitFor();
  }

  @Test
  void restrictsKeysToOwner() throws Exception {
    Path set = make("host-a");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(set))).isEqualTo("rwx------");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(set.resolve("host-a/key.pem"))))
        .isEqualTo("rw-------");
    try (Stream<Path> files = Files.walk(set)) {
      assertThat(files.filter(Files::isRegularFile).map(file -> file.getFileName().toString()))
          .as("the authority's private key is not written")
          .containsExactlyInAnyOrder("ca.pem", "cert.pem", "key.pem");
    }
  }

  @Test
  void leavesNoPartialKeySet() throws Exception {
    assertThatThrownBy(() -> make("host-a", "host-b,host-b")).isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("has a duplicate name");
    assertThatThrownBy(() -> make("host-a", "host-a,x")).hasMessage("'host-a' is given twice");
    // Only the encoder rejects invalid addresses.
    assertThatThrownBy(() -> make("host-a", "host-b,1::2::3")).hasMessageContaining("host-b");
    try (Stream<Path> left = Files.list(folder)) {
      assertThat(left).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ",", "a,", "..", "a/b", "a b", "-a", "a-", "a..b", "a_b", "1.2.3", "1.2.3.456",
      "*.example.org", "a\n", "ä"})
  void rejectsInvalidNames(String text) {
    assertThatThrownBy(() -> Host.parse(text)).isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"a", "A1", "host-a", "a.b.example.org", "1.2.3.4", "::1",
      "a,1.2.3.4,::ffff:1.2.3.4",
      "3com.example"})
  void acceptsHostNamesAndAddresses(String text) {
    assertThat(String.join(",", Host.parse(text).names())).isEqualTo(text);
  }

  @Test
  void reportsErrorsAsTool() {
    ToolProvider tool = ToolProvider.findFirst(KeysTool.NAME).orElseThrow();
    StringWriter errors = new StringWriter();
    PrintWriter err = new PrintWriter(errors);
    assertThat(tool.run(err, err, folder.resolve("a").toString(), "86400", "host_a")).isEqualTo(2);
    assertThat(errors).hasToString("'host_a' is neither a host name nor an IP address");
    assertThat(tool.run(err, err, folder.toString(), "86400", "host-a")).isEqualTo(1);
    assertThat(errors.toString()).contains(folder + " exists already");
    assertThat(tool.run(err, err, folder.resolve("a").toString(), "86400", "host-a")).isZero();
    assertThat(folder.resolve("a/host-a/key.pem")).exists();
  }
}
