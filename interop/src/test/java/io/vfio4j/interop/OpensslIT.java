// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.vfio4j.engine.Transport;
import io.vfio4j.engine.transport.PeerPolicy;
import io.vfio4j.engine.transport.PeerRefusedException;
import io.vfio4j.engine.transport.PeerRefusedException.Reason;
import io.vfio4j.engine.transport.TlsKeys;
import io.vfio4j.engine.transport.TransportAddress;
import io.vfio4j.engine.transport.TransportConnector;
import io.vfio4j.engine.transport.TransportListener;
import io.vfio4j.keys.CertificateAuthority;
import io.vfio4j.keys.Host;
import io.vfio4j.keys.KeyFolder;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** OpenSSL at the other end, as client and as server, with a valid certificate and with invalid ones. */
class OpensslIT {

  private static final Duration LONG_VALIDITY = Duration.ofMinutes(1);
  private static final Duration DAY = Duration.ofDays(1);
  private static final String GOOD = "keys";

  @TempDir
  private static Path folder;

  private static PeerPolicy good;

  private final BlockingQueue<PeerRefusedException> refusals = new LinkedBlockingQueue<>();

  @BeforeAll
  static void makeKeys() throws Exception {
    if (!ToolProcess.exists("openssl")) {
      throw TestPrerequisites.skipOrFail("openssl is not installed", null);
    }
    Instant now = Instant.now();
    CertificateAuthority authority = authority(now);
    write("keys", authority, now.plus(DAY));
    write("expired", authority, now.minus(DAY));
    write("others", authority(now), now.plus(DAY));
    good = PeerPolicy.OWN_USER.withKeys(TlsKeys.load(TlsKeys.Files.in(of(GOOD))));
  }

  private static CertificateAuthority authority(Instant now) throws GeneralSecurityException {
    return CertificateAuthority.create("test", now.minus(DAY.multipliedBy(3)), now.plus(DAY));
  }

  private static void write(String name, CertificateAuthority authority, Instant until) throws Exception {
    KeyFolder.write(of(name), authority.certificate(),
        authority.issue(Host.parse("localhost"), until.minus(DAY.multipliedBy(2)), until));
  }

  private static Path of(String keys) {
    return folder.resolve(keys).resolve("localhost");
  }

  /** Returns openssl's options: its identity, if any, and additional options. */
  private static List<String> options(String keys, String more) {
    List<String> options = new ArrayList<>(List.of(more.split(" ", -1)));
    if (!keys.equals("none")) {
      options.addAll(OpensslProcess.identity(of(keys)));
    }
    return options;
  }

  private static CompletableFuture<Transport> accept(TransportListener listener) {
    return CompletableFuture.supplyAsync(() -> {
      try {
        return listener.accept(LONG_VALIDITY);
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
    }, waiting -> Thread.ofPlatform().daemon().start(waiting));
  }

  private TransportListener listen() throws IOException {
    return TransportListener.open(new TransportAddress.Tcp("localhost", 0), good, refusals::add);
  }

  private static int port(TransportListener listener) {
    return ((TransportAddress.Tcp) listener.address()).port();
  }

  private static String receive(Transport transport, int length) throws IOException {
    ByteBuffer into = ByteBuffer.allocateDirect(length);
    while (into.hasRemaining()) {
      assertThat(transport.receive(into, LONG_VALIDITY)).isPositive();
    }
    return StandardCharsets.US_ASCII.decode(into.flip()).toString();
  }

  private static void exchange(Transport transport, OpensslProcess other) throws IOException {
    other.sendLine("hello");
    assertThat(receive(transport, 6)).isEqualTo("hello\n");
    transport.send(ByteBuffer.wrap("world\n".getBytes(StandardCharsets.US_ASCII)), LONG_VALIDITY);
    assertThat(other.awaitLine("world")).isEqualTo("world");
  }

  @Test
  void acceptsOpensslClient() throws Exception {
    try (TransportListener listener = listen()) {
      CompletableFuture<Transport> accepted = accept(listener);
      try (
          OpensslProcess client =
              OpensslProcess.client(folder, of(GOOD), port(listener), options(GOOD, "-tls1_3"));
          Transport transport = accepted.get()) {
        exchange(transport, client);
      }
    }
  }

  @Test
  void connectsToOpensslServer() throws Exception {
    try (OpensslProcess server = OpensslProcess.server(folder, of(GOOD), options(GOOD, "-tls1_3"))) {
      try (Transport transport =
          TransportConnector.connect(new TransportAddress.Tcp("localhost", server.port()), good,
              LONG_VALIDITY)) {
        exchange(transport, server);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"none, -tls1_3, NO_CERTIFICATE, sent no certificate, alert",
      "others, -tls1_3, WRONG_AUTHORITY, not signed by the trusted CA, alert",
      "expired, -tls1_3, EXPIRED, has expired, alert certificate unknown",
      "keys, -tls1_2, OLD_TLS, does not offer TLS 1.3, alert protocol version"})
  void rejectsUnauthorisedOpensslClient(String keys, String option, Reason reason, String message,
      String alert) throws Exception {
    try (TransportListener listener = listen()) {
      CompletableFuture<Transport> accepted = accept(listener);
      try (OpensslProcess client =
          OpensslProcess.client(folder, of(GOOD), port(listener), options(keys, option))) {
        PeerRefusedException refusal = refusals.take();
        assertThat(refusal).hasMessageContaining(message).returns(reason, PeerRefusedException::reason);
        assertThat(client.awaitError()).contains(alert);
      }
      assertThat(accepted).as("still accepting").isNotDone();
    }
  }

  @ParameterizedTest
  @CsvSource({"others, -tls1_3, WRONG_AUTHORITY, not signed by the trusted CA, alert",
      "expired, -tls1_3, EXPIRED, has expired, alert certificate unknown",
      "keys, -tls1_2, OLD_TLS, does not speak TLS 1.3, unsupported protocol"})
  void rejectsUnauthorisedOpensslServer(String keys, String option, Reason reason, String message,
      String complaint) throws Exception {
    try (OpensslProcess server = OpensslProcess.server(folder, of(GOOD), options(keys, option))) {
      TransportAddress address = new TransportAddress.Tcp("localhost", server.port());
      PeerRefusedException refusal = catchThrowableOfType(PeerRefusedException.class,
          () -> TransportConnector.connect(address, good, LONG_VALIDITY).close());
      assertThat(refusal).hasMessageContaining(message).returns(reason, PeerRefusedException::reason);
      assertThat(server.awaitError()).contains(complaint);
    }
  }

  /** The server trusts another authority than ours, and sends an alert when it receives our certificate. */
  @Test
  void reportsAlertOfOpensslServer() throws Exception {
    try (OpensslProcess server = OpensslProcess.server(folder, of("others"), options(GOOD, "-tls1_3"))) {
      TransportAddress address = new TransportAddress.Tcp("localhost", server.port());
      PeerRefusedException refusal = catchThrowableOfType(PeerRefusedException.class, () -> {
        try (Transport transport = TransportConnector.connect(address, good, LONG_VALIDITY)) {
          receive(transport, 1);
        }
      });
      assertThat(refusal).hasMessageContaining("it refused our certificate (unknown_ca)")
          .returns(Reason.REFUSED_US, PeerRefusedException::reason);
      assertThat(server.awaitError()).contains("verify error");
    }
  }
}
