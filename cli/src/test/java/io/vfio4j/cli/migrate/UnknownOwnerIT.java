// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import io.vfio4j.cli.base.ChildProcess;
import io.vfio4j.cli.base.ChildServer;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.testing.CommandProcesses;
import io.vfio4j.cli.testing.CommandRun;
import io.vfio4j.cli.testing.HostKeys;
import io.vfio4j.cli.testing.ServedTestDevice;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The receiver dies after the handover and before it confirms that it runs the device. */
class UnknownOwnerIT {

  private static final long MARK = 42;

  @TempDir
  private Path folder;

  private ServedTestDevice source;
  private ChildServer target;

  @BeforeEach
  void serve() throws Exception {
    source = ServedTestDevice.start(folder.resolve("a.sock"));
    source.mark(MARK);
    // Long enough to kill the receiver meanwhile. The server completes the transition, and the device runs.
    target = ChildServer.start(
        CommandProcesses.serve(folder.resolve("b.sock"), "--fault", "arc=STOP>RUNNING_P2P,delay=5s,times=1"));
  }

  @AfterEach
  void end() throws Exception {
    source.close();
    target.kill();
    target.close();
  }

  private ChildProcess sendToDyingReceiver(String... more) throws Exception {
    String keys = HostKeys.of(folder.resolve("keys" + more.length), "localhost");
    try (ChildProcess receiver =
        CommandProcesses.start("receive", "--listen", "tcp:localhost:0", "--keys", keys,
            "vfio-user:" + target.socket(), "--json",
            "--state-dir", folder.resolve("target").toString())) {
      String address =
          CommandProcesses.await(receiver, CommandProcesses.event("listening")).get("address").getAsString();
      List<String> send =
          new ArrayList<>(
              List.of("send", "--connect", address, "--keys", keys, source.address(), "--max-downtime", "30s",
                  "--json",
                  "--state-dir", folder.resolve("source").toString()));
      send.addAll(List.of(more));
      ChildProcess sender = CommandProcesses.start(send.toArray(String[]::new));
      CommandProcesses.await(receiver, CommandProcesses.moving("RUNNING_P2P"));
      receiver.kill();
      return sender;
    }
  }

  @Test
  void holdsStateUntilResumed() throws Exception {
    try (ChildProcess sender = sendToDyingReceiver()) {
      JsonObject held = CommandProcesses.await(sender, CommandProcesses.event("source-held"));
      assertThat(held.getAsJsonArray("devices").get(0).getAsString()).isEqualTo(source.address());
      type(sender, "what?\nresume\n");
      assertThat(
          CommandProcesses.await(sender, CommandProcesses.event("not-resumed")).get("message").getAsString())
          .contains("cannot be queried").contains("--fenced");
      target.kill();
      type(sender, "resume --fenced\n");

      assertThat(sender.await(CommandProcesses.TIMEOUT)).isEqualTo(ExitCodes.FAILURE);
      // Another thread reads the output, completely only after the process has ended.
      assertThat(String.join("\n", sender.stderrLines())).contains("STOP_COPY")
          .contains("vfio4j recover --ask tcp:")
          .contains("type 'resume' and Enter");
      source.assertRunsWith(MARK);
    }
  }

  /** The command that holds the devices also resumes their workload. */
  @ParameterizedTest
  @ValueSource(strings = {"resumes", "fails to resume"})
  void resumesWorkloadAtSource(String what) throws Exception {
    boolean goesOn = what.equals("resumes");
    Path side = folder.resolve("side");
    try (ChildProcess sender = sendToDyingReceiver("--workload-pause", "true", "--workload-resume",
        resumeHook(side, goesOn))) {
      CommandProcesses.await(sender, CommandProcesses.event("source-held"));
      assertThat(side).doesNotExist();
      target.kill();
      type(sender, "resume --fenced\n");

      assertThat(sender.await(CommandProcesses.TIMEOUT))
          .isEqualTo(goesOn ? ExitCodes.FAILURE : ExitCodes.INTERVENTION_REQUIRED);
      assertThat(side).hasContent("source\n");
      String said = String.join("\n", sender.stderrLines());
      assertThat(said).contains("the migration failed; running at the source again: ");
      assertThat(said.contains("The workload did not resume and remains paused: --workload-resume: "))
          .isEqualTo(!goesOn);
      source.assertRunsWith(MARK);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"resumes", "fails to resume"})
  void resumesWorkloadAtTarget(String what) throws Exception {
    boolean goesOn = what.equals("resumes");
    Path side = folder.resolve("side");
    String ask = "unix:" + folder.resolve("ask.sock");
    try (
        ChildProcess sender = sendToDyingReceiver("--workload-pause", "true", "--workload-resume",
            resumeHook(side, goesOn));
        ChildProcess answering =
            CommandProcesses.start("recover", "--json", "--state-dir", folder.resolve("target").toString(),
                "--answer", ask)) {
      String migration =
          CommandProcesses.await(sender, CommandProcesses.event("source-held")).get("migration")
              .getAsString();
      CommandProcesses.await(answering, CommandProcesses.event("answering"));
      awaitRunningTarget();
      CommandRun decided = recover("target", migration, "--run-here");
      assertThat(decided.exitCode()).as(decided.err()).isEqualTo(ExitCodes.SUCCESS);
      assertThat(recover("source", "--ask", ask).event("settled").get("step").getAsString())
          .isEqualTo("confirmed");

      assertThat(sender.await(CommandProcesses.TIMEOUT))
          .isEqualTo(goesOn ? ExitCodes.SUCCESS : ExitCodes.WORKLOAD_PAUSED);
      assertThat(side).hasContent("target\n");
      assertThat(String.join("\n", sender.stderrLines()).contains("their workload did not resume"))
          .isEqualTo(!goesOn);
    }
  }

  private static String resumeHook(Path side, boolean goesOn) {
    return "echo $VFIO4J_SIDE >> %s; exit %d".formatted(side, goesOn ? 0 : 7);
  }

  private static void type(ChildProcess command, String words) throws IOException {
    command.stdin().write(words.getBytes(StandardCharsets.US_ASCII));
    command.stdin().flush();
  }

  /** Waits until the target's server has handled the receiver's last request; the device runs then. */
  private ServedTestDevice awaitRunningTarget() throws DeviceException {
    ServedTestDevice served = ServedTestDevice.inChildServer(target);
    try (VfioUserClient client = served.awaitConnection()) {
      if (client.state() != DeviceState.RUNNING) {
        client.moveTo(DeviceState.RUNNING);
      }
    }
    return served;
  }

  @Test
  void holdsStateUntilSigterm() throws Exception {
    try (ChildProcess sender = sendToDyingReceiver()) {
      CommandProcesses.await(sender, CommandProcesses.event("source-held"));
      sender.terminate();

      assertThat(sender.await(CommandProcesses.TIMEOUT)).isEqualTo(ExitCodes.INTERVENTION_REQUIRED);
      assertLeftStopped();
    }
  }

  /** The command has ended; the server keeps the device, whose owner is unknown, until an operator decides. */
  private void assertLeftStopped() throws Exception {
    try (VfioUserClient client = source.connectKeepingState()) {
      assertThat(client.state()).isEqualTo(DeviceState.STOP);
    }
    CommandRun resumed =
        CommandRun.vfio4j("recover", "--state-dir", folder.resolve("source").toString(), "--resume",
            source.address());
    assertThat(resumed.exitCode()).as(resumed.err()).isEqualTo(ExitCodes.INTERVENTION_REQUIRED);
    assertThat(resumed.err()).contains("settle it first");
    CommandRun again = CommandRun.vfio4j("send", "--connect", "unix:/nowhere", source.address());
    assertThat(again.exitCode()).isEqualTo(ExitCodes.FAILURE);
    assertThat(again.err()).contains("is in STOP").contains("vfio4j recover --resume " + source.address());

    CommandRun open = recover("source");
    assertThat(open.exitCode()).isEqualTo(ExitCodes.INTERVENTION_REQUIRED);
    String migration = open.event("open-migration").get("migration").getAsString();
    target.kill();
    CommandRun decided = recover("source", migration, "--run-here", "--fenced");
    assertThat(decided.exitCode()).as(decided.err()).isEqualTo(ExitCodes.SUCCESS);
    assertThat(decided.event("resumed").get("device").getAsString()).isEqualTo(source.address());
    source.assertRunsWith(MARK);
  }

  @Test
  void leavesSourceStoppedWithNoHold() throws Exception {
    try (ChildProcess sender = sendToDyingReceiver("--no-hold")) {
      JsonObject error = CommandProcesses.await(sender, CommandProcesses.event("error"));

      assertThat(sender.await(CommandProcesses.TIMEOUT)).isEqualTo(ExitCodes.INTERVENTION_REQUIRED);
      assertThat(error.get("outcome").getAsString()).isEqualTo("UNKNOWN");
      assertThat(error.get("source_state").getAsString()).isEqualTo("STOP_COPY");
      assertThat(error.get("remedy").getAsString()).contains("vfio4j recover --ask tcp:");
      assertLeftStopped();
    }
  }

  /** The operator abandons the state at the source without a query of the target. */
  @Test
  void givesUpMigrationOfKilledCommand() throws Exception {
    try (ChildProcess sender = sendToDyingReceiver()) {
      String migration =
          CommandProcesses.await(sender, CommandProcesses.event("source-held")).get("migration")
              .getAsString();
      sender.kill();
      sender.await(CommandProcesses.TIMEOUT);

      CommandRun decided = recover("source", migration, "--abandon");
      assertThat(decided.exitCode()).as(decided.err()).isEqualTo(ExitCodes.SUCCESS);
      assertThat(decided.event("discarded").get("device").getAsString()).isEqualTo(source.address());
      source.assertRunsWith(0);
    }
  }

  private CommandRun recover(String side, String... more) {
    List<String> command =
        new ArrayList<>(List.of("recover", "--json", "--state-dir", folder.resolve(side).toString()));
    command.addAll(List.of(more));
    return CommandRun.vfio4j(command.toArray(String[]::new));
  }

  /** The target accepted the device and died; whether it ran is unknown until an operator decides. */
  @Test
  void asksTargetHostAndResumesAfterFencing() throws Exception {
    String ask = "unix:" + folder.resolve("ask.sock");
    try (ChildProcess sender = sendToDyingReceiver();
        ChildProcess answering =
            CommandProcesses.start("recover", "--json", "--state-dir", folder.resolve("target").toString(),
                "--answer", ask)) {
      String migration =
          CommandProcesses.await(sender, CommandProcesses.event("source-held")).get("migration")
              .getAsString();
      CommandProcesses.await(answering, CommandProcesses.event("answering"));

      CommandRun open = recover("source");
      assertThat(open.exitCode()).isEqualTo(ExitCodes.INTERVENTION_REQUIRED);
      assertThat(open.event("open-migration").get("migration").getAsString()).isEqualTo(migration);
      assertThat(open.event("open-migration").get("step").getAsString()).isEqualTo("given");
      assertThat(open.event("open-migration").get("held").getAsBoolean()).isTrue();

      CommandRun unsure = recover("source", "--ask", ask);
      assertThat(unsure.exitCode()).isEqualTo(ExitCodes.INTERVENTION_REQUIRED);
      assertThat(unsure.event("answer").get("verdict").getAsString()).isEqualTo("unsure");

      ServedTestDevice running = awaitRunningTarget();
      running.assertRunsWith(MARK);
      CommandRun looked = recover("target");
      assertThat(looked.exitCode()).isEqualTo(ExitCodes.INTERVENTION_REQUIRED);
      assertThat(looked.event("open-migration").getAsJsonArray("status").toString())
          .contains("\"condition\":\"runs\"").contains(running.address());
      assertThat(looked.event("open-migration").getAsJsonArray("decisions").toString())
          .contains("resets " + running.address()).contains("records that the devices run here");
      CommandRun fenced = recover("target", migration, "--abandon");
      assertThat(fenced.exitCode()).as(fenced.err()).isEqualTo(ExitCodes.SUCCESS);
      assertThat(fenced.event("fenced").get("device").getAsString()).isEqualTo(running.address());
      running.assertRunsWith(0);
      CommandRun settled = recover("source", "--ask", ask);
      assertThat(settled.exitCode()).as(settled.err()).isEqualTo(ExitCodes.SUCCESS);
      assertThat(settled.event("settled").get("step").getAsString()).isEqualTo("returned");

      assertThat(sender.await(CommandProcesses.TIMEOUT)).isEqualTo(ExitCodes.FAILURE);
      source.assertRunsWith(MARK);
      assertThat(recover("source").exitCode()).isEqualTo(ExitCodes.SUCCESS);
      answering.terminate();
      assertThat(answering.await(CommandProcesses.TIMEOUT)).isEqualTo(ExitCodes.SUCCESS);
    }
  }

  @Test
  void resumesSourceOnRunHereWithFenced() throws Exception {
    try (ChildProcess sender = sendToDyingReceiver()) {
      String migration =
          CommandProcesses.await(sender, CommandProcesses.event("source-held")).get("migration")
              .getAsString();

      CommandRun refused = recover("source", migration, "--run-here");
      assertThat(refused.exitCode()).isEqualTo(ExitCodes.INTERVENTION_REQUIRED);
      assertThat(refused.err()).contains("nothing was recorded for migration " + migration)
          .contains("--ask ADDR").contains("--fenced");
      target.kill();
      assertThat(recover("source", migration, "--run-here", "--fenced").exitCode())
          .isEqualTo(ExitCodes.SUCCESS);

      assertThat(sender.await(CommandProcesses.TIMEOUT)).isEqualTo(ExitCodes.FAILURE);
      source.assertRunsWith(MARK);
    }
  }

  @Test
  void confirmsMigrationOnRunHereAtTarget() throws Exception {
    String ask = "unix:" + folder.resolve("ask.sock");
    try (ChildProcess sender = sendToDyingReceiver();
        ChildProcess answering =
            CommandProcesses.start("recover", "--json", "--state-dir", folder.resolve("target").toString(),
                "--answer", ask)) {
      String migration =
          CommandProcesses.await(sender, CommandProcesses.event("source-held")).get("migration")
              .getAsString();
      CommandProcesses.await(answering, CommandProcesses.event("answering"));

      ServedTestDevice running = awaitRunningTarget();
      CommandRun decided = recover("target", migration, "--run-here");
      assertThat(decided.exitCode()).as(decided.err()).isEqualTo(ExitCodes.SUCCESS);
      assertThat(decided.event("settled").get("step").getAsString()).isEqualTo("running");
      running.assertRunsWith(MARK);
      assertThat(recover("source", "--ask", ask).event("settled").get("step").getAsString())
          .isEqualTo("confirmed");

      assertThat(sender.await(CommandProcesses.TIMEOUT)).isEqualTo(ExitCodes.SUCCESS);
      assertThat(recover("source", migration, "--run-here").exitCode()).as("too late")
          .isEqualTo(ExitCodes.FAILURE);
    }
  }
}
