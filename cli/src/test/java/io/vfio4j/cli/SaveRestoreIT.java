// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The state of served devices through a file. */
class SaveRestoreIT {

  private static final long MARK = 0x0123_4567_89ab_cdefL;

  @TempDir
  private Path folder;

  private Path path(String name) {
    return folder.resolve(name);
  }

  private static Run save(Served device, Path file, String... more) {
    return run(new String[] {"save", device.address(), "--output", file.toString(), "--max-downtime", "60s",
        "--max-quiesce", "60s", "--json"}, more);
  }

  private static Run restore(Path file, Served device, String... more) {
    return run(new String[] {"restore", file.toString(), device.address(), "--json"}, more);
  }

  private static Run run(String[] arguments, String... more) {
    String[] all = Arrays.copyOf(arguments, arguments.length + more.length);
    System.arraycopy(more, 0, all, arguments.length, more.length);
    return Run.vfio4j(all);
  }

  @Test
  void theDeviceGoesOnAndItsCopyBeginsWhereItWas() throws Exception {
    Path file = path("a.state");
    try (Served a = Served.at(path("a.sock")); Served b = Served.at(path("b.sock"))) {
      a.mark(MARK);
      Run saved = save(a, file);
      assertThat(saved.exitCode()).as(saved.err()).isEqualTo(ExitCodes.DONE);
      a.assertRunsWith(MARK);
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file))).isEqualTo("rw-------");
      JsonObject report = saved.event("saved");
      assertThat(report.get("file_bytes").getAsLong()).isEqualTo(Files.size(file));
      assertThat(report.get("source").getAsString()).isEqualTo("running");

      Run restored = restore(file, b);
      assertThat(restored.exitCode()).as(restored.err()).isEqualTo(ExitCodes.DONE);
      assertThat(restored.err()).contains("left running");
      b.assertRunsWith(MARK);
    }
  }

  @Test
  void aStoppedSourceIsNoSecondOwner() throws Exception {
    Path file = path("a.state");
    try (Served a = Served.at(path("a.sock")); Served b = Served.at(path("b.sock"))) {
      a.mark(MARK);
      Run saved = save(a, file, "--stop");
      assertThat(saved.exitCode()).as(saved.err()).isEqualTo(ExitCodes.DONE);

      Run restored = restore(file, b);
      assertThat(restored.exitCode()).as(restored.err()).isEqualTo(ExitCodes.DONE);
      assertThat(restored.err()).doesNotContain("left running");
      b.assertRunsWith(MARK);
    }
  }

  @Test
  void memoryIsSavedWithTheDevice() throws Exception {
    byte[] content = new byte[1 << 20];
    new Random(3).nextBytes(content);
    Path from = Files.write(path("from"), content);
    Path to = path("to");
    try (RandomAccessFile empty = new RandomAccessFile(to.toFile(), "rw")) {
      empty.setLength(content.length);
    }
    Path file = path("a.state");
    try (Served a = Served.at(path("a.sock")); Served b = Served.at(path("b.sock"))) {
      assertThat(save(a, file, "--region", "ram=" + from + "@0").exitCode()).isEqualTo(ExitCodes.DONE);
      Run without = restore(file, b);
      assertThat(without.exitCode()).isEqualTo(ExitCodes.NOT_DONE);
      assertThat(without.err()).contains("region ram");
      Run restored = restore(file, b, "--region", "ram=" + to + "@0");
      assertThat(restored.exitCode()).as(restored.err()).isEqualTo(ExitCodes.DONE);
    }
    assertThat(to).hasBinaryContent(content);
  }

  @Test
  void aDamagedFileTouchesNoDevice() throws Exception {
    Path file = path("a.state");
    try (Served a = Served.at(path("a.sock")); Served b = Served.at(path("b.sock"))) {
      b.mark(MARK);
      assertThat(save(a, file).exitCode()).isEqualTo(ExitCodes.DONE);
      byte[] bytes = Files.readAllBytes(file);
      bytes[bytes.length / 2] ^= 1;
      Files.write(file, bytes);

      Run restored = restore(file, b);
      assertThat(restored.exitCode()).isEqualTo(ExitCodes.NOT_DONE);
      assertThat(restored.err()).contains("damaged");
      b.assertRunsWith(MARK);
    }
  }

  @Test
  void aPlaceWhereNoFileCanBeIsRefusedAndTheDeviceRunsOn() throws Exception {
    try (Served a = Served.at(path("a.sock"))) {
      a.mark(MARK);
      Run saved = save(a, path("nowhere").resolve("a.state"));
      assertThat(saved.exitCode()).isEqualTo(ExitCodes.NOT_DONE);
      assertThat(saved.err()).contains("nowhere");
      a.assertRunsWith(MARK);
    }
  }
}
