// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.cli.base.ChildProcess;
import io.vfio4j.cli.base.ExitCodes;
import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A step after the migration fails (there is no shell), but the devices are at the target. */
class CommittedExitCodeIT {

  @TempDir
  private Path folder;

  @ParameterizedTest
  @ValueSource(strings = {
      "migrate --from sim:a?memory=1m --to sim:b?memory=1m --max-downtime 30s --then true --state-dir FOLDER --json"})
  void keepsExitCode(String command) throws Exception {
    List<String> arguments = Arrays.asList(command.replace("FOLDER", folder.toString()).split(" "));
    ProcessBuilder builder =
        new ProcessBuilder(ChildProcess.command(arguments)).redirectInput(new File("/dev/null"))
            .redirectErrorStream(true);
    builder.environment().put("PATH", folder.toString());
    Process process = builder.start();
    try {
      String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(process.waitFor()).as(said).isEqualTo(ExitCodes.SUCCESS);
      assertThat(said).contains("done, but a later step failed: ", "\"event\":\"report\"")
          .doesNotContain("\"event\":\"error\"");
    } finally {
      process.destroyForcibly();
    }
  }
}
