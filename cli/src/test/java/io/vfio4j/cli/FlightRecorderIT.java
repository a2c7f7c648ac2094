// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonParser;
import io.vfio4j.cli.base.ChildProcess;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.testing.CommandProcesses;
import io.vfio4j.cli.testing.SilentServer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A Flight Recorder recording, started as in docs/watching.md, exists when the command has ended. */
class FlightRecorderIT {

  @TempDir
  private Path folder;

  private Path file() {
    return folder.resolve("m.jfr");
  }

  /** Includes the launcher's options for the JVM's log. */
  private ChildProcess start(String... arguments) throws Exception {
    List<String> command = new ArrayList<>(ChildProcess.command(Arrays.asList(arguments)));
    String launcher = Files.readString(Path.of(System.getProperty("basedir", ".")).resolve("../vfio4j"));
    List<String> options = new ArrayList<>(Pattern.compile("-Xlog:[^\\s\"]+").matcher(launcher).results()
        .map(match -> match.group()).toList());
    assertThat(options).isNotEmpty();
    options.add("-XX:StartFlightRecording:filename=" + file());
    command.addAll(1, options);
    return ChildProcess.start(Arrays.asList(arguments), command, line -> {
    });
  }

  private String events() throws Exception {
    Process jfr =
        new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "jfr").toString(), "print",
            "--events", "io.vfio4j.*", file().toString()).redirectErrorStream(true).start();
    String text = new String(jfr.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(jfr.waitFor()).as(text).isZero();
    return text;
  }

  @Test
  void recordsMigrationBesideJsonOutput() throws Exception {
    try (ChildProcess command =
        start("migrate", "--json", "--from", "sim:a?memory=1m", "--to", "sim:b?memory=1m",
            "--state-dir", folder.resolve("journals").toString())) {
      assertThat(command.await(CommandProcesses.TIMEOUT)).as(String.join("\n", command.stderrLines()))
          .isZero();
      for (String line = command.readLine(CommandProcesses.TIMEOUT); line != null; line =
          command.readLine(CommandProcesses.TIMEOUT)) {
        assertThat(JsonParser.parseString(line).isJsonObject()).as(line).isTrue();
      }
    }
    assertThat(events()).contains("io.vfio4j.Phase", "io.vfio4j.DeviceMove", "handover");
  }

  @Test
  void recordsCommandEndedBySignal() throws Exception {
    try (SilentServer mute = SilentServer.at(folder.resolve("mute.sock"));
        ChildProcess command = start("probe", "vfio-user:" + folder.resolve("mute.sock"))) {
      mute.awaitClient();
      command.terminate();
      assertThat(command.await(CommandProcesses.TIMEOUT)).isEqualTo(ExitCodes.FAILURE);
    }
    assertThat(file()).isNotEmptyFile();
  }
}
