// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonObject;
import io.vfio4j.cli.base.ChildProcess;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.testing.CommandProcesses;
import java.io.File;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Output and termination of the shell commands that a command runs. */
class ShellCommandsIT {

  private static final String PRINT_PID =
      "printf \"{\\\"event\\\":\\\"started\\\",\\\"pid\\\":%d}\\n\" $$; exec sleep 600";

  @TempDir
  private Path folder;

  private List<String> migrate(String... more) {
    List<String> arguments = new ArrayList<>(List.of("migrate", "--from", "sim:a?memory=1m", "--to",
        "sim:b?memory=1m", "--max-downtime", "30s", "--state-dir", folder.toString(), "--json"));
    arguments.addAll(List.of(more));
    return arguments;
  }

  @Test
  void appendsHookOutputToStderrFile() throws Exception {
    Path errors = Files.writeString(folder.resolve("errors"), "existing content\n");
    Process process = new ProcessBuilder(ChildProcess.command(
        migrate("--workload-pause", "echo hook-pauses; echo on stderr >&2", "--workload-resume",
            "echo hook-resumes")))
        .redirectError(ProcessBuilder.Redirect.appendTo(errors.toFile()))
        .redirectInput(new File("/dev/null")).start();
    try {
      String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(process.waitFor()).isEqualTo(ExitCodes.SUCCESS);
      assertThat(out).doesNotContain("hook-pauses", "hook-resumes");
      assertThat(Files.readString(errors)).startsWith("existing content\n").contains(
          "hook-pauses\non stderr\n",
          "hook-resumes\n");
    } finally {
      process.destroyForcibly();
    }
  }

  /** As in a systemd unit. */
  @Test
  void runsHooksWithSocketAsStderr() throws Exception {
    assumeTrue(Files.isExecutable(Path.of("/bin/bash")), "bash can connect a descriptor");
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      List<String> command = new ArrayList<>(List.of("/bin/bash", "-c",
          "exec 2<>/dev/tcp/127.0.0.1/%d; exec \"$@\"".formatted(server.getLocalPort()), "bash"));
      command.addAll(ChildProcess.command(migrate("--workload-pause", "echo hook-pauses")));
      Process process = new ProcessBuilder(command).redirectInput(new File("/dev/null"))
          .redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
      try (Socket errors = server.accept()) {
        String said = new String(errors.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(said).isEqualTo(ExitCodes.SUCCESS);
        assertThat(said).contains("hook-pauses\n");
      } finally {
        process.destroyForcibly();
      }
    }
  }

  private static boolean runs(long pid) {
    // A zombie has no command line.
    return ProcessHandle.of(pid).flatMap(process -> process.info().command()).isPresent();
  }

  @Test
  void killsProcessTreeOfThenCommandOnSignal() throws Exception {
    String then = "sh -c '" + PRINT_PID + "'; true";
    try (ChildProcess migration = CommandProcesses.start(migrate("--then", then).toArray(String[]::new))) {
      JsonObject started = CommandProcesses.await(migration, CommandProcesses.event("started"));
      long pid = started.get("pid").getAsLong();
      assertThat(runs(pid)).isTrue();

      migration.terminate();

      assertThat(migration.await(CommandProcesses.TIMEOUT)).as(String.join("\n", migration.stderrLines()))
          .isEqualTo(ExitCodes.SUCCESS);
      assertThat(runs(pid)).as("the process of the shell").isFalse();
    }
  }

  @Test
  void waitsForThenCommandOnSignal() throws Exception {
    String then = "trap 'echo {\\\"event\\\":\\\"cleaned\\\"}; exit 3' TERM; "
        + "echo {\\\"event\\\":\\\"started\\\"}; while true; do sleep 600 & wait $!; done";
    try (ChildProcess migration = CommandProcesses.start(migrate("--then", then).toArray(String[]::new))) {
      CommandProcesses.await(migration, CommandProcesses.event("started"));
      migration.terminate();
      CommandProcesses.await(migration, CommandProcesses.event("cleaned"));
      JsonObject ended = CommandProcesses.await(migration, CommandProcesses.event("command-ended"));
      assertThat(ended.get("exit_code").getAsInt()).isEqualTo(3);
      assertThat(migration.await(CommandProcesses.TIMEOUT)).isEqualTo(ExitCodes.SUCCESS);
    }
  }

  @Test
  void killsProcessTreeOfTimedOutHook() throws Exception {
    Process process = new ProcessBuilder(ChildProcess.command(migrate("--workload-pause",
        "sh -c '" + PRINT_PID + "'; true", "--workload-timeout", "5s"))).redirectInput(new File("/dev/null"))
        .redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
    try {
      String said = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(process.waitFor(CommandProcesses.TIMEOUT.toSeconds(), TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).as(said).isEqualTo(ExitCodes.FAILURE);
      String pid = said.lines().filter(line -> line.contains("\"started\"")).findFirst().orElseThrow()
          .replaceAll("\\D", "");
      assertThat(runs(Long.parseLong(pid))).isFalse();
    } finally {
      process.destroyForcibly();
    }
  }
}
