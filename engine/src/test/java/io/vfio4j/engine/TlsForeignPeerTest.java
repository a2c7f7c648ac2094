// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.vfio4j.keys.Issued;
import io.vfio4j.keys.KeyFolder;
import io.vfio4j.model.DeviceState;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** OpenSSL as the other end, and what a device sees of somebody who is refused: nothing. */
class TlsForeignPeerTest {

  private static final Duration LONG = Duration.ofMinutes(1);
  private static final TransportAddress.Tcp ANYWHERE = new TransportAddress.Tcp("localhost", 0);

  private final PeerPolicy good = TestKeys.SET.policy("localhost");
  private final BlockingQueue<PeerRefusedException> refusals = new LinkedBlockingQueue<>();

  @TempDir
  private Path folder;

  private Process openssl(TransportAddress to, String... more) throws Exception {
    Path openssl = Path.of("/usr/bin/openssl");
    assumeTrue(Files.isExecutable(openssl), "there is no openssl");
    Issued host = TestKeys.SET.issue("localhost");
    Path keys = folder.resolve("keys");
    KeyFolder.write(keys, TestKeys.SET.authority().certificate(), host);
    List<String> command = new ArrayList<>(List.of(openssl.toString(), "s_client", "-quiet",
        "-verify_return_error", "-verify_hostname", "localhost", "-CAfile", keys.resolve("ca.pem").toString(),
        "-connect", "localhost:" + ((TransportAddress.Tcp) to).port()));
    for (String option : more) {
      command.add(option.replace("KEYS", keys.toString()));
    }
    return new ProcessBuilder(command).redirectError(folder.resolve("errors").toFile()).start();
  }

  private static CompletableFuture<Transport> accept(TransportListener listener) {
    return CompletableFuture.supplyAsync(() -> {
      try {
        return listener.accept(LONG);
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
    }, Ends.THREADS);
  }

  @Test
  void talksWithOpenssl() throws Exception {
    try (TransportListener listener = TransportListener.open(ANYWHERE, good, refusals::add)) {
      CompletableFuture<Transport> accepted = accept(listener);
      Process client =
          openssl(listener.address(), "-tls1_3", "-cert", "KEYS/cert.pem", "-key", "KEYS/key.pem");
      try (Transport transport = accepted.get()) {
        client.getOutputStream().write("hello\n".getBytes(StandardCharsets.US_ASCII));
        client.getOutputStream().flush();
        ByteBuffer into = ByteBuffer.allocateDirect(6);
        while (into.hasRemaining()) {
          assertThat(transport.receive(into, LONG)).isPositive();
        }
        assertThat(StandardCharsets.US_ASCII.decode(into.flip()).toString()).isEqualTo("hello\n");
        transport.send(ByteBuffer.wrap("world\n".getBytes(StandardCharsets.US_ASCII)), LONG);
        assertThat(client.inputReader().readLine()).isEqualTo("world");
      } finally {
        client.destroyForcibly().waitFor();
      }
    }
  }

  @Test
  void refusesOpensslWithoutACertificate() throws Exception {
    try (TransportListener listener = TransportListener.open(ANYWHERE, good, refusals::add)) {
      CompletableFuture<Transport> accepted = accept(listener);
      assertThat(openssl(listener.address(), "-tls1_3").waitFor()).isNotZero();
      assertThat(refusals.take().reason()).isEqualTo(PeerRefusedException.Reason.NO_CERTIFICATE);
      assertThat(Files.readString(folder.resolve("errors"))).contains("alert");
      assertThat(accepted).isNotDone();
    }
  }

  /** Who is let in by nobody has touched nothing: the source reads what its device is, and no more. */
  @Test
  void aSourceThatIsRefusedRunsOn() throws Exception {
    Instant now = Instant.now();
    PeerPolicy expired = PeerPolicy.OWN_USER.withKeys(TestKeys.SET.keys(
        TestKeys.SET.issue(now.minus(TestKeys.DAY.multipliedBy(2)), now.minus(TestKeys.DAY), "localhost")));
    Trial trial = new Trial();
    try (TransportListener listener = TransportListener.open(ANYWHERE, good, refusals::add);
        var device = trial.sourceSettings.device()) {
      CompletableFuture<Transport> accepted = accept(listener);
      Connections connections = Connections.connect(listener.address(), expired, LONG);
      MigrationException failure = catchThrowableOfType(MigrationException.class,
          () -> new MigrationSource(Ensemble.of(device), connections, MigrationOptions.defaults(),
              Workload.NONE, MigrationListener.NONE).run());
      assertThat(failure.outcome()).isEqualTo(Outcome.UNTOUCHED);
      assertThat(failure).hasMessageContaining("it refused our certificate");
      assertThat(device.acts()).isEmpty();
      assertThat(device.machineState()).isEqualTo(DeviceState.RUNNING);
      assertThat(refusals.take().reason()).isEqualTo(PeerRefusedException.Reason.EXPIRED);
      assertThat(accepted).as("no target has begun").isNotDone();
    }
  }
}
