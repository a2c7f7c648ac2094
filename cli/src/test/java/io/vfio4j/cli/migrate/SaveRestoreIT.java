// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.testing.CommandRun;
import io.vfio4j.cli.testing.ServedTestDevice;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Saves and restores the state of served devices. */
class SaveRestoreIT {

  private static final long MARK = 0x0123_4567_89ab_cdefL;

  @TempDir
  private Path folder;

  private Path path(String name) {
    return folder.resolve(name);
  }

  private static CommandRun save(ServedTestDevice device, Path file, String... more) {
    return run(new String[] {"save", device.address(), "--output", file.toString(), "--max-downtime", "60s",
        "--max-quiesce", "60s", "--json"}, more);
  }

  private static CommandRun restore(Path file, ServedTestDevice device, String... more) {
    return run(new String[] {"restore", file.toString(), device.address(), "--json"}, more);
  }

  private static CommandRun run(String[] arguments, String... more) {
    String[] all = Arrays.copyOf(arguments, arguments.length + more.length);
    System.arraycopy(more, 0, all, arguments.length, more.length);
    return CommandRun.vfio4j(all);
  }

  @Test
  void restoresCopyWhileSourceKeepsRunning() throws Exception {
    Path file = path("a.state");
    try (ServedTestDevice a = ServedTestDevice.start(path("a.sock"));
        ServedTestDevice b = ServedTestDevice.start(path("b.sock"))) {
      a.mark(MARK);
      CommandRun saved = save(a, file);
      assertThat(saved.exitCode()).as(saved.err()).isEqualTo(ExitCodes.SUCCESS);
      a.assertRunsWith(MARK);
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file))).isEqualTo("rw-------");
      JsonObject report = saved.event("saved");
      assertThat(report.get("file_bytes").getAsLong()).isEqualTo(Files.size(file));
      assertThat(report.get("source").getAsString()).isEqualTo("running");

      CommandRun restored = restore(file, b);
      assertThat(restored.exitCode()).as(restored.err()).isEqualTo(ExitCodes.SUCCESS);
      assertThat(restored.err()).contains("left running");
      b.assertRunsWith(MARK);
    }
  }

  @Test
  void restoresWithoutWarningAfterSaveWithStop() throws Exception {
    Path file = path("a.state");
    try (ServedTestDevice a = ServedTestDevice.start(path("a.sock"));
        ServedTestDevice b = ServedTestDevice.start(path("b.sock"))) {
      a.mark(MARK);
      CommandRun saved = save(a, file, "--stop");
      assertThat(saved.exitCode()).as(saved.err()).isEqualTo(ExitCodes.SUCCESS);

      CommandRun restored = restore(file, b);
      assertThat(restored.exitCode()).as(restored.err()).isEqualTo(ExitCodes.SUCCESS);
      assertThat(restored.err()).doesNotContain("left running");
      b.assertRunsWith(MARK);
    }
  }

  @Test
  void savesMemoryWithDevice() throws Exception {
    byte[] content = new byte[1 << 20];
    new Random(3).nextBytes(content);
    Path from = Files.write(path("from"), content);
    Path to = path("to");
    try (RandomAccessFile empty = new RandomAccessFile(to.toFile(), "rw")) {
      empty.setLength(content.length);
    }
    Path file = path("a.state");
    try (ServedTestDevice a = ServedTestDevice.start(path("a.sock"));
        ServedTestDevice b = ServedTestDevice.start(path("b.sock"))) {
      assertThat(save(a, file, "--region", "ram=" + from + "@0").exitCode()).isEqualTo(ExitCodes.SUCCESS);
      CommandRun without = restore(file, b);
      assertThat(without.exitCode()).isEqualTo(ExitCodes.FAILURE);
      assertThat(without.err()).contains("region ram");
      CommandRun restored = restore(file, b, "--region", "ram=" + to + "@0");
      assertThat(restored.exitCode()).as(restored.err()).isEqualTo(ExitCodes.SUCCESS);
    }
    assertThat(to).hasBinaryContent(content);
  }

  @Test
  void rejectsDamagedFileBeforeTouchingDevice() throws Exception {
    Path file = path("a.state");
    try (ServedTestDevice a = ServedTestDevice.start(path("a.sock"));
        ServedTestDevice b = ServedTestDevice.start(path("b.sock"))) {
      b.mark(MARK);
      assertThat(save(a, file).exitCode()).isEqualTo(ExitCodes.SUCCESS);
      byte[] bytes = Files.readAllBytes(file);
      bytes[bytes.length / 2] ^= 1;
      Files.write(file, bytes);

      CommandRun restored = restore(file, b);
      assertThat(restored.exitCode()).isEqualTo(ExitCodes.FAILURE);
      assertThat(restored.err()).contains("damaged");
      b.assertRunsWith(MARK);
    }
  }

  @Test
  void keepsDeviceRunningWhenFileCannotBeCreated() throws Exception {
    try (ServedTestDevice a = ServedTestDevice.start(path("a.sock"))) {
      a.mark(MARK);
      CommandRun saved = save(a, path("nowhere").resolve("a.state"));
      assertThat(saved.exitCode()).isEqualTo(ExitCodes.FAILURE);
      assertThat(saved.err()).contains("nowhere");
      a.assertRunsWith(MARK);
    }
  }
}
