// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.testing.CommandRun;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Errors about files name the file and the reason, without class names. */
class FileMessagesTest {

  @TempDir
  private Path folder;

  @BeforeEach
  void makeFile() throws Exception {
    Files.writeString(folder.resolve("file"), "x");
  }

  @ParameterizedTest
  @ValueSource(strings = {"save sim:a -o NONE/state", "save sim:a -o FILE/state", "recover --state-dir FILE",
      "recover --state-dir FILE/below", "inspect FILE/below", "restore FILE sim:a",
      "migrate --from sim:a --to sim:b --region r=NONE@0",
      "migrate --from sim:a --to sim:b --region r=FILE/x@0",
      "serve scratch --socket SOCKET --record NONE/x", "serve scratch --socket SOCKET --record FILE/x",
      "simulate --device 1m --bandwidth 1m --svg NONE/x", "conform sim:a --html NONE/x",
      "migrate --from sim:a --to sim:b --events NONE/x", "migrate --from sim:a --to sim:b --report FILE/x",
      "probe vfio-user:FILE/x"})
  void printsNoClassNames(String arguments) {
    CommandRun run = CommandRun.vfio4j(arguments.replace("NONE", folder.resolve("none").toString())
        .replace("FILE", folder.resolve("file").toString()).replace("SOCKET", folder.resolve("s").toString())
        .split(" "));

    assertThat(run.exitCode()).isNotZero();
    assertThat(run.err()).contains(folder.toString()).doesNotContain("Exception").doesNotContain("java.");
  }

  /** Opening a FIFO would block, and the file is read twice. */
  @Test
  void refusesToRestoreFromFifo() throws Exception {
    Path fifo = folder.resolve("fifo");
    assertThat(new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor()).isZero();
    CommandRun run = CommandRun.vfio4j("restore", fifo.toString(), "sim:a");

    assertThat(run.exitCode()).isEqualTo(ExitCodes.USAGE);
    assertThat(run.err()).contains("FILE: %s is a FIFO; expected a regular file".formatted(fifo));
    assertThat(CommandRun.vfio4j("restore", "/dev/null", "sim:a").err())
        .contains("/dev/null is a device node");
  }

  @Test
  void reportsUncreatableKeyFolder() {
    // The module of keys is loaded on demand if it was built; otherwise the command reports it as missing.
    assertThat(CommandRun.vfio4j("keys", "--out", folder.resolve("none/keys").toString(), "a").err())
        .doesNotContain("Exception").doesNotContain("java.");
  }
}
