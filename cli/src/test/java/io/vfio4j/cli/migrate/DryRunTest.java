// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.testing.CommandRun;
import io.vfio4j.cli.testing.ServedTestDevice;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code migrate --dry-run} reports differences and touches nothing; {@link SendReceiveIT} tests that of {@code send}. */
class DryRunTest {

  private static final long MARK = 0x0fed_cba9_8765_4321L;

  /** A tmpfs. */
  private static final Path SHM = Path.of("/dev/shm");

  @TempDir
  private Path folder;

  private Path path(String name) {
    return folder.resolve(name);
  }

  private String file(String name, long size) throws IOException {
    return sparse(path(name), size).toString();
  }

  private static Path sparse(Path file, long size) throws IOException {
    try (RandomAccessFile empty = new RandomAccessFile(file.toFile(), "rw")) {
      empty.setLength(size);
    }
    return file;
  }

  private static JsonObject property(JsonArray properties, String name) {
    return StreamSupport.stream(properties.spliterator(), false).map(JsonElement::getAsJsonObject)
        .filter(property -> property.get("property").getAsString().equals(name)).findFirst().orElseThrow();
  }

  @Test
  void acceptsWithoutTouchingDevices() throws Exception {
    try (ServedTestDevice a = ServedTestDevice.start(path("a.sock"));
        ServedTestDevice b = ServedTestDevice.start(path("b.sock"))) {
      a.mark(MARK);
      b.mark(~MARK);

      CommandRun run =
          CommandRun.vfio4j("migrate", "--from", a.address(), "--to", b.address(), "--dry-run", "--state-dir",
              path("state").toString(), "--report", path("report").toString(), "--workload-pause",
              "touch " + path("paused"));

      assertThat(run.exitCode()).as(run.err()).isEqualTo(ExitCodes.SUCCESS);
      assertThat(run.out().lines().toList()).anySatisfy(line -> assertThat(line)
          .startsWith("device").contains(a.address()).contains(b.address()))
          .anySatisfy(
              line -> assertThat(line).matches("  ids +1234:\\S+ \\(\\S+\\) +1234:\\S+ \\(\\S+\\) +same"))
          .anySatisfy(line -> assertThat(line).matches("  state +RUNNING +RUNNING +same"))
          .last().asString()
          .startsWith("A migration would be accepted, as far as can be checked in advance. ")
          .contains("RESUMING");
      assertThat(path("state")).doesNotExist();
      assertThat(path("report")).doesNotExist();
      assertThat(path("paused")).doesNotExist();
      a.assertRunsWith(MARK);
      b.assertRunsWith(~MARK);
    }
  }

  @Test
  void reportsEveryRefusal() throws Exception {
    try (ServedTestDevice a = ServedTestDevice.start(path("a.sock"));
        ServedTestDevice b = ServedTestDevice.start(path("b.sock"))) {
      a.mark(MARK);
      String ram = file("ram", 1 << 20) + "@0x0";
      String smaller = file("smaller", 1 << 16) + "@0x0";

      CommandRun run =
          CommandRun.vfio4j("migrate", "--from", a.address(), "--to", b.address(), "--region", "ram=" + ram,
              "--to-region", "ram=" + smaller, "--dry-run", "--json");

      assertThat(run.exitCode()).as(run.err()).isEqualTo(ExitCodes.FAILURE);
      JsonObject comparison = run.event("comparison");
      assertThat(comparison.get("accepted").getAsBoolean()).isFalse();
      JsonObject region = comparison.getAsJsonArray("memory").get(0).getAsJsonObject();
      assertThat(region.get("source").getAsString()).isEqualTo("ram");
      JsonObject place = property(region.getAsJsonArray("properties"), "place");
      assertThat(place.get("verdict").getAsString()).isEqualTo("refused");
      assertThat(place.get("target").getAsString()).isEqualTo("64.0 KiB at 0x0");
      assertThat(comparison.getAsJsonArray("refusals")).anySatisfy(
          reason -> assertThat(reason.getAsString()).isEqualTo(place.get("reason").getAsString()));
      assertThat(property(comparison.getAsJsonArray("sides"), "program").get("verdict").getAsString())
          .isEqualTo("same");
      a.assertRunsWith(MARK);
    }
  }

  /** A sparse file on a full file system would otherwise cause a fault during the migration. */
  @Test
  void predictsRefusalOfRegionWithoutSpace() throws Exception {
    Path ram = Files.createTempFile(SHM, "vfio4j-source", null);
    Path full = Files.createTempFile(SHM, "vfio4j-target", null);
    try (ServedTestDevice a = ServedTestDevice.start(path("a.sock"));
        ServedTestDevice b = ServedTestDevice.start(path("b.sock"))) {
      a.mark(MARK);
      long size = Math.multiplyExact(Files.getFileStore(SHM).getTotalSpace() + (1 << 20), 2L) & -4096;
      String[] arguments = {"migrate", "--from", a.address(), "--to", b.address(), "--region",
          "ram=" + sparse(ram, size) + "@0x0", "--to-region", "ram=" + sparse(full, size) + "@0x0",
          "--only-devices-write", "--state-dir", path("state").toString(), "--json"};

      CommandRun real = CommandRun.vfio4j(arguments);
      CommandRun dry = CommandRun.vfio4j(with(arguments, "--dry-run"));

      assertThat(real.exitCode()).isEqualTo(ExitCodes.FAILURE);
      assertThat(dry.exitCode()).isEqualTo(ExitCodes.FAILURE);
      String reason = dry.event("comparison").getAsJsonArray("refusals").get(0).getAsString();
      assertThat(reason).startsWith("the target has room for ").contains(" of its region ram, which has ");
      assertThat(real.event("error").get("outcome").getAsString()).isEqualTo("UNTOUCHED");
      assertThat(real.err()).contains(" of its region ram, which has ");
      a.assertRunsWith(MARK);
    } finally {
      Files.delete(ram);
      Files.delete(full);
    }
  }

  private static String[] with(String[] arguments, String more) {
    String[] all = Arrays.copyOf(arguments, arguments.length + 1);
    all[arguments.length] = more;
    return all;
  }

  @Test
  void predictsRefusalOfState() {
    String[] migrate = {"migrate", "--from", "sim:a?memory=64m", "--to", "sim:b?memory=8m"};
    String reason =
        "sim:b does not accept the state of sim:a: the state has 64 MiB of memory 'memory', the target has 8 MiB";
    CommandRun dry =
        CommandRun.vfio4j(Stream.concat(Stream.of(migrate), Stream.of("--dry-run")).toArray(String[]::new));
    assertThat(dry.exitCode()).isEqualTo(ExitCodes.FAILURE);
    assertThat(dry.out() + dry.err()).contains(reason);

    CommandRun real = CommandRun.vfio4j(migrate);
    assertThat(real.exitCode()).isEqualTo(ExitCodes.FAILURE);
    assertThat(real.err()).contains(reason);
  }
}
