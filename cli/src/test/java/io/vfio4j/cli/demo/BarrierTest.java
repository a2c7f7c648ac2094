// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.devices.scratch.Fault;
import io.vfio4j.devices.scratch.ScratchConfig;
import io.vfio4j.devices.scratch.ScratchDevice;
import io.vfio4j.engine.MigrationListener;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.model.MigratableDevice;
import io.vfio4j.vfiouser.server.ServerOptions;
import io.vfio4j.vfiouser.server.VfioUserServer;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * No device may be stopped before all have quiesced their peer-to-peer traffic. One device takes a second to quiesce, and
 * keeps writing meanwhile. If the device that it writes to is already stopped, these writes are lost.
 */
@Timeout(120)
class BarrierTest {

  private static final int DEVICES = 3;
  private static final int SLOW = 1;
  private static final long MEMORY = 4 << 20;
  private static final int RATE = 10_000;
  private static final String TAKES_ITS_TIME = "arc=PRE_COPY>PRE_COPY_P2P,delay=1s";
  private static final MigrationOptions OPTIONS = MigrationOptions.defaults()
      .withMaxQuiesce(Duration.ofSeconds(30)).withMaxDowntime(Duration.ofSeconds(30))
      .withArcTimeout(Duration.ofSeconds(60));

  @TempDir
  private Path folder;

  private final List<Runnable> ends = new ArrayList<>();

  /** Serves a device in a thread; separate processes are not needed here. */
  private Path serve(String name, List<String> faults) throws IOException {
    Path socket = folder.resolve(name);
    ScratchConfig config = ScratchConfig.named(name).withMemorySize(MEMORY).withMappable(true)
        .withSecondTraffic(true).withFaults(faults.stream().map(Fault::parse).toList());
    ScratchDevice device = new ScratchDevice(config);
    VfioUserServer server = VfioUserServer.listen(socket, device, ServerOptions.DEFAULT, line -> {
    });
    CompletableFuture<Void> run = new CompletableFuture<>();
    Thread.ofPlatform().name("test-" + name).start(() -> {
      try {
        server.run();
        run.complete(null);
      } catch (IOException | RuntimeException e) {
        run.completeExceptionally(e);
      }
    });
    ends.add(() -> {
      server.close();
      run.join();
      device.close();
    });
    return socket;
  }

  @AfterEach
  void end() {
    ends.forEach(Runnable::run);
  }

  private List<DeviceResult> move(UnaryOperator<MigratableDevice> as) throws Exception {
    List<Path> sources = new ArrayList<>();
    List<Path> targets = new ArrayList<>();
    for (int i = 0; i < DEVICES; i++) {
      sources.add(serve("source" + i, i == SLOW ? List.of(TAKES_ITS_TIME) : List.of()));
      targets.add(serve("target" + i, List.of()));
    }
    try (DeviceRing ring = new DeviceRing(sources, targets, MEMORY)) {
      ring.startWork(RATE);
      ring.migrate(ring.sources().stream().map(as).toList(), OPTIONS, MigrationListener.NONE);
      return ring.check();
    }
  }

  @Test
  void losesNoWriteWithBarrier() throws Exception {
    List<DeviceResult> proofs = move(UnaryOperator.identity());

    assertThat(proofs).hasSize(DEVICES).allSatisfy(proof -> {
      assertThat(proof.checks()).extracting(DemoCheck::name).contains("traffic", "memory", "registers",
          "timer");
      assertThat(proof.checks()).allMatch(DemoCheck::passed);
      assertThat(proof.peerWrites()).isPositive();
    });
  }

  @Test
  void losesPeerWritesWithoutBarrier() throws Exception {
    List<DeviceResult> proofs = move(UnquiescedDevice::new);

    assertThat(proofs.get(SLOW).checks()).filteredOn(check -> !check.passed()).singleElement()
        .satisfies(check -> {
          assertThat(check.name()).isEqualTo("to device 3");
          assertThat(check.detail()).contains("at the source, after it was stopped: ",
              "at the target, as loaded: ", "at the target, at the end: ");
        });
  }
}
