// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.testing.CommandRun;
import io.vfio4j.cli.testing.HttpStub;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code vfio4j migrate} with several devices, memory and a workload. */
class MigrateSeveralTest {

  private static final String PATIENT = "30s";
  private static final int MEMORY = 8 << 20;

  @TempDir
  private Path folder;

  private static CommandRun migrate(List<String> froms, List<String> tos, String... more) {
    List<String> arguments = new ArrayList<>(List.of("migrate", "--json", "--max-downtime", PATIENT,
        "--max-quiesce", PATIENT));
    if (Arrays.asList(more).contains("--max-quiesce")) {
      arguments.removeLast();
      arguments.removeLast();
    }
    for (String from : froms) {
      arguments.addAll(List.of("--from", from));
    }
    for (String to : tos) {
      arguments.addAll(List.of("--to", to));
    }
    arguments.addAll(List.of(more));
    return CommandRun.vfio4j(arguments.toArray(String[]::new));
  }

  private static CommandRun migrateOne(String... more) {
    return migrate(List.of("sim:a?memory=1m"), List.of("sim:b?memory=1m"), more);
  }

  private static List<String> devices(String... names) {
    return Arrays.stream(names).map(name -> "sim:" + name + "?memory=1m").toList();
  }

  private Path file(String name, long size) throws IOException {
    Path path = folder.resolve(name);
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      file.setLength(size);
    }
    return path;
  }

  @Test
  void migratesDevicesTogether() {
    CommandRun run = migrate(devices("a1", "a2", "a3"), devices("b1", "b2", "b3"));

    assertThat(run.exitCode()).as(run.err()).isEqualTo(ExitCodes.SUCCESS);
    JsonObject report = run.event("report");
    assertThat(report.getAsJsonArray("devices")).hasSize(3);
    assertThat(report.getAsJsonArray("devices").get(1).getAsJsonObject().getAsJsonObject("target")
        .get("device").getAsString()).isEqualTo("sim:b2");
    assertThat(report.getAsJsonObject("downtime_parts").keySet()).containsExactly("pausing_ms", "stopping_ms",
        "sending_ms", "loading_ms", "recording_ms", "starting_ms", "resuming_ms");
  }

  @Test
  void rollsBackAllDevicesWhenOneFails() {
    CommandRun run = migrate(devices("a1", "a2"),
        List.of("sim:b1?memory=1m", "sim:b2?memory=1m&fault=arc=RESUMING>STOP,errno=EINVAL"));

    assertThat(run.exitCode()).as(run.err()).isEqualTo(ExitCodes.FAILURE);
    assertThat(run.err()).contains("sim:a1, sim:a2 run again at the source, with nothing lost");
    assertThat(run.event("error").getAsJsonArray("devices")).hasSize(2);
  }

  @Test
  void reportsDeviceInErrorWithRemedy() {
    CommandRun run = migrate(
        List.of("sim:a1?memory=1m", "sim:a2?memory=1m&fault=arc=PRE_COPY_P2P>STOP_COPY,errno=EIO,error"),
        devices("b1", "b2"));

    assertThat(run.exitCode()).isEqualTo(ExitCodes.INTERVENTION_REQUIRED);
    assertThat(run.err()).contains("sim:a1 runs again")
        .contains("sim:a2 is in RUNNING and has lost its state: set it up again");
  }

  @Test
  void refusesDeviceWithoutP2pUnlessAllowed() {
    List<String> from = List.of("sim:a1?memory=1m", "sim:a2?memory=1m&features=stop_copy,pre_copy");
    List<String> to = List.of("sim:b1?memory=1m", "sim:b2?memory=1m&features=stop_copy,pre_copy");
    CommandRun refused = migrate(from, to);
    assertThat(refused.exitCode()).isEqualTo(ExitCodes.FAILURE);
    assertThat(refused.err()).contains("sim:a2: no P2P states").contains("--no-peer-dma");

    CommandRun asserted = migrate(from, to, "--no-peer-dma");
    assertThat(asserted.exitCode()).as(asserted.err()).isEqualTo(ExitCodes.SUCCESS);
  }

  @Test
  void reportsHungCallAndResumesOtherDevice() {
    CommandRun run =
        migrate(List.of("sim:a1?memory=1m&fault=arc=PRE_COPY>PRE_COPY_P2P,delay=1s", "sim:a2?memory=1m"),
            devices("b1", "b2"), "--max-quiesce", "20ms", "--arc-timeout", "100ms");

    assertThat(run.exitCode()).as(run.err()).isEqualTo(ExitCodes.INTERVENTION_REQUIRED);
    assertThat(run.event("error").get("outcome").getAsString()).isEqualTo("SOURCE_STUCK");
    assertThat(run.err()).contains("a call to sim:a1 has not returned").contains("sim:a2 runs again");
  }

  @Test
  void rejectsIncompletePairs() {
    assertThat(migrate(devices("a1", "a2"), devices("b1")).exitCode()).isEqualTo(ExitCodes.USAGE);
    assertThat(migrate(devices("a1", "a1"), devices("b1", "b2")).err())
        .contains("--from sim:a1 is given twice");
    assertThat(migrate(devices("a1", "a2"), devices("b1", "b1")).err())
        .contains("--to sim:b1 is given twice");
    assertThat(migrate(devices("a1", "a2"), devices("b1", "a1")).err()).contains("are the same device");
  }

  @Test
  void migratesMemoryWithoutZeroPages() throws IOException {
    byte[] content = new byte[MEMORY];
    new Random(7).nextBytes(content);
    Arrays.fill(content, 0, MEMORY / 2, (byte) 0);
    Path from = Files.write(folder.resolve("from"), content);
    Path to = file("to", MEMORY);

    CommandRun run = migrateOne("--region", "ram=" + from + "@0x100000000", "--to-region",
        "ram=" + to + "@0x100000000", "--channels", "3");

    assertThat(run.exitCode()).as(run.err()).isEqualTo(ExitCodes.SUCCESS);
    assertThat(to).hasBinaryContent(content);
    JsonObject memory = run.event("report").getAsJsonObject("memory");
    assertThat(memory.get("size").getAsLong()).isEqualTo(MEMORY);
    assertThat(memory.get("zero_pages").getAsLong()).isEqualTo(MEMORY / 2 / 4096);
    assertThat(memory.get("bytes").getAsLong()).isLessThan(MEMORY / 2 + (64 << 10));
  }

  @Test
  void migratesLastWritesToMemory() throws IOException {
    Path from = file("from", MEMORY);
    Path to = file("to", MEMORY);

    CommandRun run = migrateOne("--region", "ram=" + from + "@4294967296:4m", "--to-region",
        "ram=" + to + "@4294967296:4m", "--workload-generate", "40m", "--max-bandwidth", "100m");

    assertThat(run.exitCode()).as(run.err()).isEqualTo(ExitCodes.SUCCESS);
    assertThat(to).hasSameBinaryContentAs(from);
    JsonObject report = run.event("report");
    assertThat(report.getAsJsonArray("rounds").get(0).getAsJsonObject().get("memory_left").getAsLong())
        .isPositive();
    JsonObject memory = report.getAsJsonObject("memory");
    long inRounds = report.getAsJsonArray("rounds").asList().stream()
        .mapToLong(round -> round.getAsJsonObject().get("memory_bytes").getAsLong()).sum();
    assertThat(memory.get("last_bytes").getAsLong()).isEqualTo(memory.get("bytes").getAsLong() - inRounds);
    assertThat(memory.get("last_ms").getAsDouble() > 0).isEqualTo(memory.get("last_bytes").getAsLong() > 0);
  }

  @Test
  void refusesMismatchedRegionsBeforeStart() throws IOException {
    CommandRun run = migrateOne("--region", "ram=" + file("from", MEMORY) + "@0", "--to-region",
        "ram=" + file("to", MEMORY / 2) + "@0");

    assertThat(run.exitCode()).isEqualTo(ExitCodes.FAILURE);
    assertThat(run.err())
        .contains("the memory differs: the source's region ram is 8.0 MiB at 0x0, the target's is 4.0 MiB")
        .contains("sim:a was not touched");
  }

  @Test
  void rejectsInvalidRegions() throws IOException {
    Path odd = file("odd", 5000);
    assertThat(migrateOne("--region", "ram").err()).contains("expected NAME=PATH@IOVA[:SIZE]");
    assertThat(migrateOne("--region", "ram=" + folder.resolve("none") + "@0").err())
        .contains("no such file");
    assertThat(migrateOne("--region", "ram=" + odd + "@0").err()).contains("--region ram: ");
    assertThat(migrateOne("--region", "ram=" + odd + "@0:8k").err())
        .contains("has 5000 bytes, less than 8192");
    Path whole = file("whole", 8192);
    assertThat(migrateOne("--region", "a=" + whole + "@0", "--region", "b=" + whole + "@4096").err())
        .contains("overlap");
  }

  @Test
  void pausesAndResumesWorkloadByCommand() throws IOException {
    Path log = folder.resolve("log");
    String append = "echo %s $VFIO4J_SIDE >> " + log;
    CommandRun run = migrateOne("--workload-pause", append.formatted("pause"), "--workload-resume",
        append.formatted("resume"));

    assertThat(run.exitCode()).as(run.err()).isEqualTo(ExitCodes.SUCCESS);
    assertThat(Files.readAllLines(log)).containsExactly("pause source", "resume target");
  }

  /** Without a dirty log of the workload all memory stays dirty, unless {@code --only-devices-write} is given. */
  @Test
  void treatsMemoryAsDirtyUnlessOnlyDevicesWrite() throws IOException {
    String[] options = {"--region", "ram=" + file("from", MEMORY) + "@0", "--to-region",
        "ram=" + file("to", MEMORY) + "@0", "--workload-pause", "true", "--only-devices-write"};
    CommandRun clean = migrateOne(options);
    assertThat(clean.exitCode()).as(clean.err()).isEqualTo(ExitCodes.SUCCESS);
    assertThat(clean.event("report").getAsJsonObject("memory").get("pages").getAsLong())
        .isEqualTo(MEMORY / 4096);

    CommandRun dirty = migrateOne(Arrays.copyOf(options, options.length - 1));
    assertThat(dirty.exitCode()).as(dirty.err()).isEqualTo(ExitCodes.SUCCESS);
    assertThat(dirty.event("report").getAsJsonObject("memory").get("pages").getAsLong())
        .isGreaterThan(MEMORY / 4096);
    assertThat(dirty.event("report").getAsJsonArray("notes").toString())
        .contains("no dirty log for writes by the workload");
  }

  @Test
  void rollsBackWhenPauseFails() throws IOException {
    Path log = folder.resolve("log");
    CommandRun run =
        migrateOne("--workload-pause", "exit 7", "--workload-resume", "echo $VFIO4J_SIDE > " + log);

    assertThat(run.exitCode()).isEqualTo(ExitCodes.FAILURE);
    assertThat(run.err()).contains("--workload-pause: 'exit 7' ended with exit code 7")
        .contains("runs again");
    assertThat(log).hasContent("source\n");
  }

  @Test
  void killsHungHook() {
    CommandRun run = migrateOne("--workload-pause", "sleep 600", "--workload-timeout", "50ms");

    assertThat(run.exitCode()).isEqualTo(ExitCodes.FAILURE);
    assertThat(run.err()).contains("'sleep 600' did not end within 50 ms");
    assertThat(ProcessHandle.current().descendants()).isEmpty();
  }

  @Test
  void pausesAndResumesWorkloadOverHttp() throws IOException {
    try (HttpStub ear = new HttpStub()) {
      CommandRun run = migrateOne("--workload-pause", ear.address() + "/pause", "--workload-resume",
          ear.address() + "/resume");
      assertThat(run.exitCode()).as(run.err()).isEqualTo(ExitCodes.SUCCESS);
      assertThat(ear.requests).containsExactly("/pause {\"event\":\"pause\",\"side\":\"source\"}",
          "/resume {\"event\":\"resume\",\"side\":\"target\"}");

      CommandRun refused = migrateOne("--workload-pause", ear.address() + "/no");
      assertThat(refused.exitCode()).isEqualTo(ExitCodes.FAILURE);
      assertThat(refused.err()).contains("returned status 503");
    }
  }
}
