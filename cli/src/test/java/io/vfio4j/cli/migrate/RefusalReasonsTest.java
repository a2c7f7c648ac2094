// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.testing.CommandRun;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Commands print the reason of a device's refusal, whichever side the device is on. */
class RefusalReasonsTest {

  private static final String TOO_LARGE = "64 MiB";
  private static final String ROOM = "8 MiB";

  @TempDir
  private Path folder;

  @Test
  void printsReasonOfMigrate() {
    CommandRun run =
        CommandRun.vfio4j("migrate", "--from", "sim:a?memory=64m", "--to", "sim:b?memory=8m", "--json");
    assertThat(run.exitCode()).as(run.err()).isEqualTo(ExitCodes.FAILURE);
    assertThat(run.err()).contains(TOO_LARGE, ROOM, "sim:a was not touched");
  }

  @Test
  void printsReasonOfRestore() {
    String file = folder.resolve("a.state").toString();
    assertThat(CommandRun.vfio4j("save", "sim:a?memory=64m", "--output", file).exitCode())
        .isEqualTo(ExitCodes.SUCCESS);
    CommandRun run = CommandRun.vfio4j("restore", file, "sim:b?memory=8m");
    assertThat(run.exitCode()).as(run.err()).isEqualTo(ExitCodes.FAILURE);
    assertThat(run.err()).contains(TOO_LARGE, ROOM);
  }

  @Test
  void printsReasonOfFailedTransitionOnBothSides() {
    for (List<String> addresses : List.of(
        List.of("sim:a?memory=1m&fault=arc=PRE_COPY_P2P>STOP_COPY,errno=EIO", "sim:b?memory=1m"),
        List.of("sim:a?memory=1m", "sim:b?memory=1m&fault=arc=RESUMING>STOP,errno=EIO"))) {
      CommandRun run =
          CommandRun.vfio4j("migrate", "--from", addresses.getFirst(), "--to", addresses.getLast());
      assertThat(run.exitCode()).as(run.err()).isEqualTo(ExitCodes.FAILURE);
      assertThat(run.err()).contains("EIO (input/output error): simulated failure at ");
    }
  }
}
