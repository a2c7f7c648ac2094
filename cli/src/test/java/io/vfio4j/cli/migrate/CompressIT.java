// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import io.vfio4j.cli.base.ChildProcess;
import io.vfio4j.cli.base.CommandException;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.base.OnDemandModules;
import io.vfio4j.cli.testing.CommandProcesses;
import io.vfio4j.cli.testing.CommandRun;
import io.vfio4j.cli.testing.ServedTestDevice;
import io.vfio4j.engine.codec.Codec;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Compressed streams, with the module that is loaded on demand. */
class CompressIT {

  private static final long MARK = 0x0123_4567_89ab_cdefL;

  @TempDir
  private Path folder;

  private Path path(String name) {
    return folder.resolve(name);
  }

  private static void assertCompressed(JsonObject report, int level) {
    JsonObject compression = report.getAsJsonObject("compression");
    assertThat(compression.get("algorithm").getAsString()).isEqualTo("zstd");
    assertThat(compression.get("level").getAsInt()).isEqualTo(level);
    assertThat(report.get("bytes").getAsLong()).isGreaterThan(ServedTestDevice.MEMORY);
    assertThat(compression.get("bytes_on_wire").getAsLong()).isPositive()
        .isLessThan(ServedTestDevice.MEMORY / 10);
  }

  @Test
  void detectsCompressionOfStream() throws Exception {
    String address = "unix:" + path("move.sock");
    try (ServedTestDevice a = ServedTestDevice.start(path("a.sock"));
        ServedTestDevice b = ServedTestDevice.start(path("b.sock"));
        ChildProcess receiver =
            CommandProcesses.start("receive", "--listen", address, b.address(), "--json")) {
      a.mark(MARK);
      CommandProcesses.await(receiver, CommandProcesses.event("listening"));
      CommandRun send =
          CommandRun.vfio4j("send", "--connect", address, a.address(), "--max-downtime", "30s", "--compress",
              "1", "--json");
      assertThat(send.exitCode()).as(send.err()).isEqualTo(ExitCodes.SUCCESS);
      assertCompressed(send.event("report"), 1);
      assertThat(receiver.await(CommandProcesses.TIMEOUT)).isEqualTo(ExitCodes.SUCCESS);
      assertThat(receiver.stderrLines()).as("warnings, including those of the JVM").isEmpty();
      b.assertRunsWith(MARK);
    }
  }

  @Test
  void detectsCompressionOfFile() throws Exception {
    String file = path("state").toString();
    try (ServedTestDevice a = ServedTestDevice.start(path("a.sock"));
        ServedTestDevice b = ServedTestDevice.start(path("b.sock"))) {
      a.mark(MARK);
      CommandRun save =
          CommandRun.vfio4j("save", a.address(), "--max-downtime", "30s", "--compress", "19", "--output",
              file, "--json");
      assertThat(save.exitCode()).as(save.err()).isEqualTo(ExitCodes.SUCCESS);
      assertCompressed(save.event("saved"), 19);
      CommandRun inspect = CommandRun.vfio4j("inspect", file, "--json");
      assertThat(inspect.event("saved-state").get("compression").getAsString()).isEqualTo("zstd");
      CommandRun restore = CommandRun.vfio4j("restore", file, b.address(), "--json");
      assertThat(restore.exitCode()).as(restore.err()).isEqualTo(ExitCodes.SUCCESS);
      b.assertRunsWith(MARK);
    }
    assertThat(Files.readString(Path.of("/proc/self/maps"))).as("the installed library")
        .containsPattern("/later/io\\.vfio4j\\.zstd/linux/[^/]+/libzstd-jni-");
  }

  /** A fixture that {@code save --compress 3} has written with the first version of compression. */
  @Test
  void restoresFileOfEarlierVersion() throws Exception {
    Path file = path("state");
    try (InputStream in = CompressIT.class.getResourceAsStream("saved/1.3/compressed.state")) {
      Files.copy(Objects.requireNonNull(in), file);
    }
    try (ServedTestDevice b = ServedTestDevice.start(path("b.sock"))) {
      CommandRun restore = CommandRun.vfio4j("restore", file.toString(), b.address(), "--json");
      assertThat(restore.exitCode()).as(restore.err()).isEqualTo(ExitCodes.SUCCESS);
      assertThat(restore.event("restored").getAsJsonObject("state").get("compression").getAsString())
          .isEqualTo("zstd");
      b.assertRunsWith(MARK);
    }
  }

  @Test
  void rejectsInvalidLevel() {
    CommandRun save =
        CommandRun.vfio4j("save", "sim:a", "--compress", "20", "--output", path("state").toString());
    assertThat(save.exitCode()).isEqualTo(ExitCodes.USAGE);
    assertThat(save.err()).contains("zstd has no level 20 (1 to 19)");
    assertThat(path("state")).doesNotExist();
  }

  @Test
  void reportsMissingModule() {
    assertThatThrownBy(() -> OnDemandModules.load("io.vfio4j.nowhere", Codec.class))
        .isInstanceOf(CommandException.class).hasMessageStartingWith(
            "this installation lacks the module io.vfio4j.nowhere (expected in ");
  }
}
