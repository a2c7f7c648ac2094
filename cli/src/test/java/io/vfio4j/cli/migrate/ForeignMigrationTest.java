// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.testing.CommandRun;
import io.vfio4j.cli.testing.ServedSimulatedDevice;
import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.MigrationReport;
import io.vfio4j.engine.Workload;
import io.vfio4j.engine.migration.LocalMigration;
import io.vfio4j.linux.UnixSocket;
import io.vfio4j.model.Arc;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.testkit.Fault;
import io.vfio4j.testkit.Seeds;
import io.vfio4j.testkit.SimulatedDevice;
import io.vfio4j.testkit.SimulatedSettings;
import io.vfio4j.testkit.foreign.ForeignServer;
import io.vfio4j.testkit.foreign.ServerTrait;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.VfioUserClient;
import io.vfio4j.vfiouser.quirk.ServerQuirk;
import io.vfio4j.vfiouser.server.ServerOptions;
import io.vfio4j.vfiouser.server.VfioUserServer;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Complete migrations from foreign servers to vfio4j servers, back, and between foreign servers. */
class ForeignMigrationTest {

  /** The device state does not change in pre-copy, so that pre-copy converges. */
  private static final SimulatedSettings SETTINGS =
      SimulatedSettings.named("device").withContent(64, 7).withChanges(0, 1000);
  /** Long enough that no migration fails because the machine is busy. */
  private static final MigrationOptions PATIENT = MigrationOptions.defaults()
      .withMaxDowntime(Duration.ofSeconds(60));

  /** A served device and its client. */
  private interface End extends AutoCloseable {

    VfioUserClient client();

    /** Returns the protocol violations that the server has seen. */
    List<String> complaints();

    @Override
    void close();
  }

  private record Foreign(VfioUserClient client, ForeignServer server) implements End {

    static End of(SimulatedDevice device, Set<ServerTrait> traits) throws IOException {
      UnixSocket.Pair pair = UnixSocket.pair();
      ForeignServer server = ForeignServer.start(pair.one(), device, traits);
      return new Foreign(VfioUserClient.of(pair.other(), "foreign", ClientOptions.DEFAULT), server);
    }

    @Override
    public List<String> complaints() {
      return server.violations();
    }

    @Override
    public void close() {
      client.close();
      server.close();
    }
  }

  private record Ours(VfioUserClient client, VfioUserServer server, CompletableFuture<Void> ended,
      List<String> complaints) implements End {

    static End of(SimulatedDevice device) throws IOException {
      UnixSocket.Pair pair = UnixSocket.pair();
      List<String> log = new CopyOnWriteArrayList<>();
      VfioUserServer server =
          VfioUserServer.of(pair.one(), new ServedSimulatedDevice(device), ServerOptions.DEFAULT, log::add);
      CompletableFuture<Void> ended = new CompletableFuture<>();
      Thread.ofPlatform().name("test-server").start(() -> {
        try {
          server.run();
          ended.complete(null);
        } catch (IOException | RuntimeException e) {
          ended.completeExceptionally(e);
        }
      });
      return new Ours(VfioUserClient.of(pair.other(), "ours", ClientOptions.DEFAULT), server, ended, log);
    }

    @Override
    public void close() {
      client.close();
      server.close();
      ended.join();
    }
  }

  static Stream<Set<ServerTrait>> kinds() {
    return Stream.concat(Stream.of(ServerTrait.referenceLibrary()),
        Arrays.stream(ServerTrait.values()).map(Set::of));
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void migratesFromForeignServer(Set<ServerTrait> traits) throws Exception {
    SimulatedDevice source = SETTINGS.device();
    SimulatedDevice target = SETTINGS.withContent(64, 0).device();
    try (End from = Foreign.of(source, traits); End to = Ours.of(target)) {
      assertMigrates(from, source, to, target);
    }
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void migratesToForeignServer(Set<ServerTrait> traits) throws Exception {
    SimulatedDevice source = SETTINGS.device();
    SimulatedDevice target = SETTINGS.withContent(64, 0).device();
    try (End from = Ours.of(source); End to = Foreign.of(target, traits)) {
      assertMigrates(from, source, to, target);
    }
  }

  @Test
  void migratesBetweenForeignServers() {
    Seeds.forEach(20, random -> {
      Set<ServerTrait> left = traits(random.nextInt());
      Set<ServerTrait> right = traits(random.nextInt());
      SimulatedDevice source = SETTINGS.device();
      SimulatedDevice target = SETTINGS.withContent(64, 0).device();
      try (End from = Foreign.of(source, left); End to = Foreign.of(target, right)) {
        assertMigrates(from, source, to, target);
      }
    });
  }

  private static Set<ServerTrait> traits(int bits) {
    EnumSet<ServerTrait> traits = EnumSet.noneOf(ServerTrait.class);
    int left = bits;
    for (ServerTrait trait : ServerTrait.values()) {
      if ((left & 1) != 0) {
        traits.add(trait);
      }
      left >>>= 1;
    }
    if (traits.contains(ServerTrait.NO_JSON)) {
      traits.remove(ServerTrait.MINIMAL_LIMITS);
    }
    return traits;
  }

  private static void assertMigrates(End from, SimulatedDevice source, End to, SimulatedDevice target)
      throws Exception {
    MigrationReport report =
        LocalMigration.run(from.client(), to.client(), PATIENT, Workload.NONE, event -> {
        });
    assertThat(report.bytes()).isPositive();
    assertThat(to.client().state()).isEqualTo(DeviceState.RUNNING);
    assertThat(from.client().state()).isEqualTo(DeviceState.STOP);
    assertThat(target.content()).isEqualTo(source.content());
    assertThat(target.stateFingerprint()).isNotZero();
    assertThat(from.complaints()).isEmpty();
    assertThat(to.complaints()).isEmpty();
  }

  /** A reset leaves the target in RESUMING, which only a restart of its server clears; the source keeps running. */
  @Test
  void keepsSourceRunningWhenLibvfioUserLoadFails() throws Exception {
    SimulatedDevice source = SETTINGS.device();
    SimulatedDevice target = SETTINGS.withContent(64, 0).withFaults(
        new Fault.ArcFailure(new Arc(DeviceState.RESUMING, DeviceState.STOP), Errno.EIO, false, 1)).device();
    try (End from = Ours.of(source); End to = Foreign.of(target, ServerTrait.referenceLibrary())) {
      assertThatExceptionOfType(MigrationException.class).isThrownBy(() -> LocalMigration.run(from.client(),
          to.client(), PATIENT, Workload.NONE, event -> {
          }));
      assertThat(from.client().state()).isEqualTo(DeviceState.RUNNING);
      assertThat(to.client().state()).isEqualTo(DeviceState.RESUMING);
      assertThat(to.client().quirks()).extracting(ServerQuirk::kind)
          .contains(ServerQuirk.Kind.RESET_LEAVES_STATE);
      assertThat(source.stateFingerprint()).isNotZero();
      assertThat(to.complaints()).isEmpty();
    }
  }

  /** Some servers accept only one client in their lifetime, so a command connects to each only once. */
  @Test
  void connectsOneClientPerServer(@TempDir Path folder) throws Exception {
    Path left = folder.resolve("left");
    Path right = folder.resolve("right");
    SimulatedDevice source = SETTINGS.device();
    SimulatedDevice target = SETTINGS.withContent(64, 0).device();
    byte[] content = source.content();
    Set<ServerTrait> traits = Set.of(ServerTrait.ONE_CLIENT, ServerTrait.KEEPS_STATE);
    try (ForeignServer from = ForeignServer.listen(left, source, traits);
        ForeignServer to = ForeignServer.listen(right, target, traits)) {
      CommandRun run =
          CommandRun.vfio4j("migrate", "--from", "vfio-user:" + left, "--to", "vfio-user:" + right,
              "--max-downtime", "60s", "--then", "true");
      assertThat(run.exitCode()).as(run.err()).isEqualTo(ExitCodes.SUCCESS);
      from.awaitEnd();
      to.awaitEnd();
      assertThat(target.content()).isEqualTo(content);
      assertThat(from.violations()).isEmpty();
      assertThat(to.violations()).isEmpty();
    }
  }
}
