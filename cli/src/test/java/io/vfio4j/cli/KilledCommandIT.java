// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.engine.Journal;
import io.vfio4j.engine.JournalStep;
import io.vfio4j.engine.MigrationId;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.journal.StateDirectory;
import io.vfio4j.model.DeviceState;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A command that takes a device's state is killed: the device, whose server lives on, has it still. */
class KilledCommandIT {

  private static final long MARK = 4711;

  @TempDir
  private Path folder;

  private ChildServer server;
  private Served source;

  @BeforeEach
  void serve() throws Exception {
    // Slow enough to be killed in it.
    server = ChildServer.start(Children.serve(folder.resolve("a.sock"), "--fault", "slow=1m"));
    source = Served.by(server);
    source.mark(MARK);
  }

  @AfterEach
  void end() {
    server.close();
  }

  private void kill(String where, String... command) throws Exception {
    try (ChildProcess child = Children.start(command)) {
      Children.await(child,
          Children.event("moved").and(event -> event.get("to").getAsString().equals(where)));
      child.kill();
      child.await(Children.PATIENCE);
    }
  }

  private String[] migration(String... more) {
    List<String> command = new ArrayList<>(List.of("migrate", "--from", source.address(), "--to",
        "sim:b?memory=" + Served.MEMORY, "--json", "--max-downtime", "30s", "--state-dir", state()));
    command.addAll(List.of(more));
    return command.toArray(String[]::new);
  }

  private String state() {
    return folder.resolve("state").toString();
  }

  private DeviceState found() throws Exception {
    try (VfioUserClient client = source.connectWhenFree()) {
      return client.state();
    }
  }

  @Test
  void inPreCopyTheDeviceRunsOn() throws Exception {
    kill("PRE_COPY", migration());

    assertThat(found()).isEqualTo(DeviceState.RUNNING);
    source.assertRunsWith(MARK);
    assertThat(Run.vfio4j("recover", "--state-dir", state()).exitCode()).isEqualTo(ExitCodes.DONE);
  }

  @Test
  void whileItStandsStillItWaitsForRecover() throws Exception {
    kill("STOP_COPY", migration("--no-pre-copy"));

    assertThat(found()).isEqualTo(DeviceState.STOP);
    Run recovered = Run.vfio4j("recover", "--state-dir", state(), "--json");
    assertThat(recovered.exitCode()).as(recovered.err()).isEqualTo(ExitCodes.DONE);
    assertThat(recovered.event("settled").get("step").getAsString()).isEqualTo("kept");
    assertThat(recovered.event("resumed").get("device").getAsString()).isEqualTo(source.address());
    source.assertRunsWith(MARK);
  }

  @Test
  void ofASaveNoJournalTells() throws Exception {
    kill("STOP_COPY", "save", source.address(), "--output", folder.resolve("state.file").toString(), "--json",
        "--max-downtime", "30s", "--no-pre-copy");

    assertThat(found()).isEqualTo(DeviceState.STOP);
    Run resumed = Run.vfio4j("recover", "--resume", source.address(), "--state-dir", state());
    assertThat(resumed.exitCode()).as(resumed.err()).isEqualTo(ExitCodes.DONE);
    source.assertRunsWith(MARK);
    Run again = Run.vfio4j("recover", "--resume", source.address(), "--state-dir", state());
    assertThat(again.out()).contains("is in RUNNING");
  }

  @Test
  void whatItHoldsIsNotLostToANewMigrationEither() throws Exception {
    kill("STOP_COPY", migration("--no-pre-copy"));

    assertThat(found()).isEqualTo(DeviceState.STOP);
    for (String[] command : new String[][] {migration(),
        {"migrate", "--from", "sim:c?memory=" + Served.MEMORY, "--to", source.address(), "--state-dir",
            state()}}) {
      Run refused = Run.vfio4j(command);
      assertThat(refused.exitCode()).isEqualTo(ExitCodes.NOT_DONE);
      assertThat(refused.err() + refused.out()).contains("may be all there is of its state")
          .contains("vfio4j recover --resume " + source.address());
      assertThat(found()).isEqualTo(DeviceState.STOP);
    }
    assertThat(Run.vfio4j("probe", source.address()).out()).contains("STOP");
    assertThat(Run.vfio4j("migrate", "--from", source.address(), "--to", "sim:b?memory=" + Served.MEMORY,
        "--dry-run").exitCode()).isEqualTo(ExitCodes.NOT_DONE);
    assertThat(found()).as("who only looks takes nothing").isEqualTo(DeviceState.STOP);
    assertThat(Run.vfio4j("recover", "--discard", source.address(), "--state-dir", state()).err())
        .contains("settle that first");
    Run discarded = Run.vfio4j("recover", "--discard", source.address(), "--state-dir",
        folder.resolve("elsewhere").toString());
    assertThat(discarded.exitCode()).as(discarded.err()).isEqualTo(ExitCodes.DONE);
    source.assertRunsWith(0);
  }

  /** A target that has loaded everything and dies is not the owner, and does not become it by a person's haste. */
  @Test
  void whatATargetHadLoadedIsDropped() throws Exception {
    try (Served target = Served.at(folder.resolve("b.sock"))) {
      try (VfioUserClient loaded = target.connectToKeep()) {
        loaded.moveTo(DeviceState.STOP);
      }
      StateDirectory.open(folder.resolve("state"))
          .begin(new Journal.Header(MigrationId.random(), Side.TARGET, List.of(target.address()), "somebody"))
          .add(JournalStep.RETURNED, "as after a failure");

      Run resumed = Run.vfio4j("recover", "--resume", target.address(), "--state-dir", state());
      assertThat(resumed.exitCode()).isEqualTo(ExitCodes.NOT_DONE);
      assertThat(resumed.err()).contains("old copy").contains("recover --discard");
      try (VfioUserClient client = target.connectWhenFree()) {
        assertThat(client.state()).isEqualTo(DeviceState.STOP);
      }
      assertThat(Run.vfio4j("recover", "--discard", target.address(), "--state-dir", state()).exitCode())
          .isEqualTo(ExitCodes.DONE);
      target.assertRunsWith(0);
    }
  }
}
