// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.gson.JsonParser;
import io.vfio4j.cli.base.ChildProcess;
import io.vfio4j.cli.base.ChildServer;
import io.vfio4j.devices.scratch.ScratchLayout;
import io.vfio4j.engine.DeviceSet;
import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.Outcome;
import io.vfio4j.engine.Workload;
import io.vfio4j.engine.migration.LocalMigration;
import io.vfio4j.engine.migration.MigrationSource;
import io.vfio4j.engine.transport.Connections;
import io.vfio4j.engine.transport.PeerPolicy;
import io.vfio4j.engine.transport.TransportAddress;
import io.vfio4j.model.DeviceState;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The target's server, or the receiving side, is killed at randomly chosen steps of the engine. Each time the source keeps
 * running, and no write of its traffic is lost. {@code -Dvfio4j.faults=all} tests more steps.
 */
class KilledPeersIT {

  private static final int DRAWS = "all".equals(System.getProperty("vfio4j.faults")) ? 10 : 4;
  private static final int RATE = 10_000;
  private static final int CHURN = 2_000;
  private static final long MEMORY = 16 << 20;
  private static final MigrationOptions OPTIONS =
      MigrationOptions.defaults().withMaxDowntime(Duration.ofSeconds(5));

  private final long seed = Long.getLong("vfio4j.seed", System.nanoTime());
  private final RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);

  @TempDir
  private Path folder;

  @Test
  void keepsSourceRunningWhenTargetServerIsKilled() throws Exception {
    try (ChildServer source = serve("source"); DemoVm vm = new DemoVm(source.socket())) {
      vm.startWork(MEMORY, RATE, CHURN);
      List<String> steps = recordSteps().all();
      for (int draw = 0; draw < DRAWS; draw++) {
        String step = steps.get(random.nextInt(steps.size()));
        try (ChildServer target = serve("target"); GuestDevice arrival = vm.connect(target.socket())) {
          KillAtStep killer = new KillAtStep(step, target::kill);
          SwitchoverObserver observer = vm.observe(arrival.name(), killer);
          MigrationException failure = catchThrowableOfType(MigrationException.class,
              () -> LocalMigration.run(vm.source().client(), arrival.client(), OPTIONS, Workload.NONE,
                  observer));
          assertSourceRuns(vm, observer, killer, failure, step);
        }
      }
    }
  }

  @Test
  void keepsSourceRunningWhenReceiverIsKilled() throws Exception {
    try (ChildServer source = serve("source");
        ChildServer target = serve("target");
        DemoVm vm = new DemoVm(source.socket())) {
      vm.startWork(MEMORY, RATE, CHURN);
      List<String> steps = recordSteps().ofSource();
      for (int draw = 0; draw < DRAWS; draw++) {
        String step = steps.get(random.nextInt(steps.size()));
        try (ChildProcess receiver = receive(target)) {
          KillAtStep killer = new KillAtStep(step, receiver::kill);
          SwitchoverObserver observer = vm.observe("in another process", killer);
          Connections connections = Connections.connect(listening(receiver), PeerPolicy.OWN_USER,
              Duration.ofSeconds(30));
          MigrationException failure = catchThrowableOfType(MigrationException.class,
              () -> new MigrationSource(DeviceSet.of(vm.source().client()), connections, OPTIONS,
                  Workload.NONE, observer)
                  .run());
          assertSourceRuns(vm, observer, killer, failure, step);
        }
      }
    }
  }

  private void assertSourceRuns(DemoVm vm, SwitchoverObserver observer, KillAtStep killer,
      MigrationException failure, String step) throws IOException {
    String where = "killed at '%s', seed %d".formatted(step, seed);
    assertThat(killer.hasKilled()).as(where).isTrue();
    assertThat(failure).as(where).isNotNull();
    assertThat(failure.outcome()).as("%s: %s", where, failure.getMessage()).isIn(Outcome.SOURCE_RUNNING,
        Outcome.UNTOUCHED);
    assertThat(vm.source().client().state()).as(where).isEqualTo(DeviceState.RUNNING);
    vm.runFor(vm.source(), Duration.ofMillis(50));
    long number = vm.source().stopTraffic();
    assertThat(observer.violations()).as(where).isEmpty();
    assertThat(vm.slots().firstMismatch(number)).as(where).isEmpty();
    assertThat(number).as("%s: traffic since", where).isGreaterThan(vm.slots().cleared());
    vm.source().write32(ScratchLayout.TRAFFIC_RATE, RATE);
  }

  /** Records the steps of a migration, so that new steps are covered too. */
  private EngineSteps recordSteps() throws Exception {
    EngineSteps steps = new EngineSteps();
    try (ChildServer source = serve("good-source");
        ChildServer target = serve("good-target");
        DemoVm vm = new DemoVm(source.socket());
        GuestDevice arrival = vm.connect(target.socket())) {
      vm.startWork(MEMORY, RATE, CHURN);
      LocalMigration.run(vm.source().client(), arrival.client(), OPTIONS, Workload.NONE,
          vm.observe(arrival.name(), steps));
    }
    assertThat(steps.all()).contains("source completed PRE_COPY_P2P > STOP_COPY", "source completed a round",
        "target completed RUNNING > RESUMING", "target completed RESUMING > STOP");
    return steps;
  }

  private ChildServer serve(String name) throws IOException, InterruptedException {
    return ChildServer
        .start(List.of("serve", "scratch", "--socket", folder.resolve(name + ".sock").toString(),
            "--memory", Long.toString(MEMORY)));
  }

  private ChildProcess receive(ChildServer target) throws IOException {
    return ChildProcess
        .start(List.of("receive", "--json", "--listen", "unix:" + folder.resolve("receive.sock"),
            "vfio-user:" + target.socket()), line -> {
            });
  }

  private static TransportAddress listening(ChildProcess receiver) throws InterruptedException {
    String line = receiver.readLine(Duration.ofSeconds(60));
    assertThat(line).as("output of the receiving side: %s", receiver.stderrLines()).isNotNull();
    return TransportAddress.parse(
        JsonParser.parseString(String.valueOf(line)).getAsJsonObject().get("address").getAsString());
  }
}
