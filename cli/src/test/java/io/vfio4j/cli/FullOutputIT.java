// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.cli.base.ChildProcess;
import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** If standard output is full, the command completes, but reports that its result could not be written. */
class FullOutputIT {

  @TempDir
  private Path folder;

  @ParameterizedTest
  @CsvSource({"--version, 5", "--help, 5", "probe sim:a?memory=1m, 5", "probe sim:a?memory=1m --json, 5",
      "probe sim:a?features=none, 1", "states, 5", "plan RUNNING STOP_COPY, 5",
      "simulate --memory 1g --bandwidth 1g, 5", "conform sim:a?memory=1m --only initial, 5",
      "recover --list --state-dir FOLDER, 5", "keys --out FOLDER/keys host-a, 5",
      "save sim:a?memory=1m --output FOLDER/a.state --json, 5",
      "migrate --from sim:a?memory=1m --to sim:b?memory=1m --max-downtime 30s --state-dir FOLDER, 5"})
  void failsOnFullOutput(String command, int code) throws Exception {
    List<String> arguments =
        Arrays.stream(command.replace("FOLDER", folder.toString()).split(" ")).toList();
    Process process =
        new ProcessBuilder(ChildProcess.command(arguments)).redirectOutput(new File("/dev/full"))
            .redirectInput(new File("/dev/null")).start();
    try {
      String errors = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(process.waitFor()).as(errors).isEqualTo(code);
      assertThat(errors).contains("standard output could not be written");
    } finally {
      process.destroyForcibly();
    }
  }
}
