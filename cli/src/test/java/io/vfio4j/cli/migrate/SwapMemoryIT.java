// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import io.vfio4j.cli.base.ChildServer;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.testing.CommandRun;
import io.vfio4j.devices.scratch.ScratchLayout;
import io.vfio4j.linux.MemoryMap;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.MappedRegion;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The memory of a device goes by descriptor from one server process to another, with {@code swap}. */
@Tag("long")
class SwapMemoryIT {

  private static final int MEMORY = ScratchLayout.MEMORY_BAR;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;

  @TempDir
  private Path folder;

  private ChildServer serve(String name, String memory, String... more) throws Exception {
    List<String> arguments = new ArrayList<>(List.of("serve", "scratch", "--memory", memory, "--socket",
        folder.resolve(name + ".sock").toString(), "--control",
        folder.resolve(name + ".control").toString()));
    arguments.addAll(List.of(more));
    return ChildServer.start(arguments);
  }

  private CommandRun swap(String from, String to, String... more) {
    List<String> arguments = new ArrayList<>(
        List.of("swap", "--from", "control:" + folder.resolve(from + ".control"), "--to",
            "control:" + folder.resolve(to + ".control"), "--state-dir", folder.resolve("state").toString(),
            "--max-downtime", "3s"));
    arguments.addAll(List.of(more));
    return CommandRun.vfio4j(arguments.toArray(String[]::new));
  }

  private static VfioUserClient connect(ChildServer server) throws Exception {
    return VfioUserClient.connect(server.socket(), ClientOptions.DEFAULT);
  }

  @Test
  void copiesNothing() throws Exception {
    long size = 1L << 30;
    try (ChildServer a = serve("a", "1g"); ChildServer _ = serve("b", "1g");
        VfioUserClient vmm = connect(a)) {
      String[] names = {"a", "b"};
      for (int i = 0; i < 2; i++) {
        vmm.writeLong(MEMORY, 0, i + 1);
        vmm.writeLong(MEMORY, size - 8, ~i);
        CommandRun run = swap(names[i], names[1 - i], "--json");
        assertThat(run.exitCode()).as(run.err()).isZero();
        JsonObject report = run.event("report");
        assertThat(report.get("bytes").getAsLong()).isLessThan(1 << 16);
        assertThat(report.getAsJsonArray("notes")).isEmpty();
        assertThat(vmm.readLong(MEMORY, 0)).isEqualTo(i + 1);
        assertThat(vmm.readLong(MEMORY, size - 8)).isEqualTo(~i);
      }
    }
  }

  /** Servers that also have version 1 of the migration interface do not pass memory on. */
  @Test
  void copiesWithNoteIfSourceDoesNotOfferIt() throws Exception {
    try (ChildServer a = serve("a", "1m", "--migration", "both", "--mappable");
        ChildServer _ = serve("b", "1m", "--migration", "both", "--mappable");
        VfioUserClient vmm = connect(a)) {
      vmm.writeLong(MEMORY, 0, 3);
      CommandRun run = swap("a", "b", "--json");
      assertThat(run.exitCode()).as(run.err()).isZero();
      assertThat(run.event("report").get("bytes").getAsLong()).isGreaterThan(1 << 20);
      assertThat(vmm.readLong(MEMORY, 0)).isEqualTo(3);
    }
  }

  @Test
  void mappedMemoryStaysTheSame() throws Exception {
    try (ChildServer a = serve("a", "1m", "--mappable");
        ChildServer b = serve("b", "1m", "--mappable");
        VfioUserClient vmm = connect(a);
        MappedRegion mapped = vmm.mapRegion(MEMORY);
        Arena arena = Arena.ofConfined()) {
      MemorySegment guest = MemoryMap.shared(mapped.fd(), 0, 1 << 20, true, arena);
      String[] names = {"a", "b"};
      for (int i = 0; i < 4; i++) {
        guest.set(LONG, 0, 10 + i);
        CommandRun run = swap(names[i % 2], names[(i + 1) % 2]);
        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(vmm.readLong(MEMORY, 0)).isEqualTo(10 + i);
        guest.set(LONG, 8, 20 + i);
        vmm.writeLong(MEMORY, 16, 30 + i);
        assertThat(vmm.readLong(MEMORY, 8)).isEqualTo(20 + i);
        assertThat(guest.get(LONG, 16)).isEqualTo(30 + i);
      }
      assertThat(b.isAlive()).isTrue();
    }
  }

  @Test
  void refusesMappedMemoryThatIsNotPassed() throws Exception {
    try (ChildServer a = serve("a", "1m", "--migration", "both", "--mappable");
        ChildServer _ = serve("b", "1m", "--migration", "both", "--mappable");
        VfioUserClient vmm = connect(a);
        MappedRegion _ = vmm.mapRegion(MEMORY)) {
      CommandRun dry = swap("a", "b", "--dry-run");
      assertThat(dry.exitCode()).isEqualTo(ExitCodes.FAILURE);
      assertThat(dry.out()).contains("refused: the VMM has mapped the memory of region 2")
          .contains("Nothing was touched");
      CommandRun run = swap("a", "b");
      assertThat(run.exitCode()).isEqualTo(ExitCodes.FAILURE);
      assertThat(run.err()).contains("nothing was touched")
          .contains("the VMM has mapped the memory of region 2")
          .contains("the old server does not pass it on");
      assertThat(vmm.readInt(ScratchLayout.REGISTERS_BAR, ScratchLayout.ID))
          .isEqualTo(ScratchLayout.ID_VALUE);
    }
  }

  /** The target cannot receive a descriptor: the device continues at the source, with its memory. */
  @Test
  void sourceContinuesIfTargetHasNoDescriptors() throws Exception {
    try (ChildServer a = serve("a", "1m", "--mappable");
        ChildServer b = serve("b", "1m", "--mappable");
        VfioUserClient vmm = connect(a);
        MappedRegion mapped = vmm.mapRegion(MEMORY);
        Arena arena = Arena.ofConfined()) {
      MemorySegment guest = MemoryMap.shared(mapped.fd(), 0, 1 << 20, true, arena);
      guest.set(LONG, 0, 40);
      // One more for the control connection.
      limitDescriptors(b, openDescriptors(b) + 1);
      CommandRun failed = swap("a", "b");
      assertThat(failed.exitCode()).as(failed.err()).isEqualTo(ExitCodes.FAILURE);
      assertThat(vmm.readLong(MEMORY, 0)).isEqualTo(40);
      guest.set(LONG, 0, 41);
      assertThat(vmm.readLong(MEMORY, 0)).isEqualTo(41);
      limitDescriptors(b, 1024);
      CommandRun again = swap("a", "b");
      assertThat(again.exitCode()).as(again.err()).isZero();
      assertThat(vmm.readLong(MEMORY, 0)).isEqualTo(41);
    }
  }

  private static long openDescriptors(ChildServer server) throws IOException {
    try (var open = Files.list(Path.of("/proc/%d/fd".formatted(server.pid())))) {
      return open.count();
    }
  }

  private static void limitDescriptors(ChildServer server, long limit) throws Exception {
    Process prlimit = new ProcessBuilder("prlimit", "--pid", String.valueOf(server.pid()),
        "--nofile=%d:".formatted(limit)).inheritIO().start();
    assertThat(prlimit.waitFor()).isZero();
  }
}
