// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.devices.scratch.ScratchLayout;
import io.vfio4j.engine.Connections;
import io.vfio4j.engine.Ensemble;
import io.vfio4j.engine.LocalMigration;
import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.MigrationListener;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.MigrationSource;
import io.vfio4j.engine.MigrationTarget;
import io.vfio4j.engine.OwnershipAnswer.Verdict;
import io.vfio4j.engine.PeerPolicy;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.TransportAddress;
import io.vfio4j.engine.TransportListener;
import io.vfio4j.engine.Workload;
import io.vfio4j.engine.journal.JournalContents;
import io.vfio4j.engine.journal.JournalFile;
import io.vfio4j.engine.journal.StateDirectory;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.vfiouser.VfioUserClient;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A side of a migration, a process of its own, is killed (SIGKILL) at steps of its own. Who has the device is read from
 * the devices' servers over new connections, and from the journals. With {@code -Dvfio4j.faults=all} at every step, else
 * at some that are drawn by chance.
 */
class KilledSidesIT {

  static final MigrationOptions OPTIONS = MigrationOptions.defaults().withMaxDowntime(Duration.ofSeconds(30))
      .withStallTimeout(Duration.ofSeconds(30));

  private static final boolean ALL = "all".equals(System.getProperty("vfio4j.faults"));
  private static final int DRAWS = 3;
  private static final long MARK = 0x5eed;
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final long seed = Long.getLong("vfio4j.seed", System.nanoTime());
  private final RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);

  @TempDir
  private Path folder;

  private int runs;

  @Test
  void aKilledSourceNeverLeavesTwo() throws Exception {
    for (String step : steps(Side.SOURCE)) {
      kill(Side.SOURCE, step);
    }
  }

  @Test
  void aKilledTargetNeverLeavesTwo() throws Exception {
    for (String step : steps(Side.TARGET)) {
      kill(Side.TARGET, step);
    }
  }

  /** Returns the steps of a side in a good run, or some of them. */
  private List<String> steps(Side side) throws Exception {
    Set<String> names = new LinkedHashSet<>();
    StateDirectory state = StateDirectory.open(folder.resolve("good"));
    try (Served a = Served.at(folder.resolve("good-a.sock"));
        Served b = Served.at(folder.resolve("good-b.sock"));
        VfioUserClient source = a.connect();
        VfioUserClient target = b.connect()) {
      LocalMigration.run(source, target, OPTIONS.withJournal(state), Workload.NONE, event -> {
        if (event.side() == side) {
          event.stepName().ifPresent(names::add);
        }
      });
    }
    List<String> all = new ArrayList<>(names);
    assertThat(all).hasSizeGreaterThan(12);
    return ALL ? all : random.ints(DRAWS, 0, all.size()).mapToObj(all::get).toList();
  }

  private void kill(Side victim, String step) throws Exception {
    Path here = Files.createDirectory(folder.resolve(Integer.toString(runs++)));
    StateDirectory state = StateDirectory.open(here.resolve("state"));
    String where = "%s killed when %s, seed %d".formatted(victim, step, seed);
    String address = "unix:" + here.resolve("m.sock");
    try (Served a = Served.at(here.resolve("a.sock")); Served b = Served.at(here.resolve("b.sock"))) {
      a.mark(MARK);
      if (victim == Side.SOURCE) {
        killSource(here, state, address, step, b);
      } else {
        killTarget(here, state, address, step, a);
      }
      check(where, a, b, state);
    }
  }

  private void killSource(Path here, StateDirectory state, String address, String step, Served b)
      throws Exception {
    try (VfioUserClient target = b.connect();
        TransportListener listener =
            TransportListener.open(TransportAddress.parse(address), PeerPolicy.OWN_USER, refused -> {
            })) {
      Process victim = victim(Side.SOURCE, here, "a.sock", address, step);
      try {
        new MigrationTarget(Ensemble.of(target), Connections.accept(listener, PATIENCE),
            OPTIONS.withJournal(state),
            MigrationListener.NONE).run();
      } catch (MigrationException e) {
        assertThat(e.getCause()).as("the original error").isNotNull();
      }
      assertThat(victim.waitFor()).as("SIGKILL").isEqualTo(Victim.KILLED);
    }
  }

  private void killTarget(Path here, StateDirectory state, String address, String step, Served a)
      throws Exception {
    try (VfioUserClient source = a.connect()) {
      Process victim = victim(Side.TARGET, here, "b.sock", address, step);
      try (BufferedReader said = victim.inputReader(StandardCharsets.UTF_8)) {
        assertThat(said.readLine()).isEqualTo("listening");
        new MigrationSource(Ensemble.of(source),
            Connections.connect(TransportAddress.parse(address), PeerPolicy.OWN_USER, PATIENCE),
            OPTIONS.withJournal(state), Workload.NONE, MigrationListener.NONE).run();
      } catch (MigrationException e) {
        assertThat(e.getCause()).as("the original error").isNotNull();
        recover(state, source);
      }
      assertThat(victim.waitFor()).as("SIGKILL").isEqualTo(Victim.KILLED);
    }
  }

  /** What the command that holds the source does. */
  private static void recover(StateDirectory state, VfioUserClient source) throws IOException {
    JournalFile file = journal(state, Side.SOURCE);
    JournalContents contents = file.read().orElseThrow();
    if (!contents.isSettled()) {
      TargetOracle oracle = new TargetOracle(state, Optional.empty());
      if (oracle.settle(file, contents.heading().session()).verdict() == Verdict.NOT_MINE) {
        source.moveTo(DeviceState.RUNNING);
      }
    }
  }

  private static JournalFile journal(StateDirectory state, Side side) throws IOException {
    for (JournalFile file : state.all()) {
      if (file.read().filter(contents -> contents.heading().side() == side).isPresent()) {
        return file;
      }
    }
    throw new AssertionError("no journal of the " + side);
  }

  /** At most one has the device's state and runs; and who should have it by the journals is that one. */
  private static void check(String where, Served a, Served b, StateDirectory state) throws IOException {
    boolean atSource = runsWithState(a);
    boolean atTarget = runsWithState(b);
    assertThat(atSource && atTarget).as("%s: both run", where).isFalse();
    for (JournalFile file : state.all()) {
      JournalContents contents = file.read().orElseThrow();
      switch (contents.last().step()) {
        case KEPT, RETURNED -> assertThat(atTarget).as("%s: %s", where, contents).isFalse();
        case CONFIRMED, RUNNING -> {
          assertThat(atSource).as("%s: %s", where, contents).isFalse();
          assertThat(atTarget).as("%s: %s", where, contents).isTrue();
        }
        default -> {
          // The victim's, or one that nobody can settle.
        }
      }
    }
  }

  private static boolean runsWithState(Served device) throws DeviceException {
    try (VfioUserClient client = device.connect()) {
      return client.state().isRunning()
          && client.readLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.SCRATCH) == MARK;
    }
  }

  private static Process victim(Side side, Path here, String device, String address, String step)
      throws IOException {
    return Victim.start(SideVictim.class, side.toString(), here.resolve("state").toString(),
        here.resolve(device).toString(), address, step);
  }
}
