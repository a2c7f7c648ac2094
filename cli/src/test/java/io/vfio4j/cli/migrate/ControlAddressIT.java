// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.vfio4j.cli.base.ChildServer;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.testing.CommandProcesses;
import io.vfio4j.cli.testing.CommandRun;
import io.vfio4j.cli.testing.ServedTestDevice;
import io.vfio4j.devices.scratch.ScratchLayout;
import io.vfio4j.linux.EventFd;
import io.vfio4j.linux.Fd;
import io.vfio4j.linux.Memfd;
import io.vfio4j.model.DeviceLostException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.IovaRange;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Commands on a device in another process, through its control socket, while a client, the VMM, uses it. */
class ControlAddressIT {

  private static final IovaRange RANGE = new IovaRange(0x100_0000, 1 << 20);
  private static final long MARK = 0x0123_4567_89ab_cdefL;

  @TempDir
  private Path folder;

  private ChildServer serve(String name, String... more) throws Exception {
    return ChildServer.start(CommandProcesses.serve(folder.resolve(name + ".sock"),
        Stream.concat(Stream.of("--control", folder.resolve(name + ".control").toString()), Stream.of(more))
            .toArray(String[]::new)));
  }

  private String control(String name) {
    return "control:" + folder.resolve(name + ".control");
  }

  private String socket(String name) {
    return "vfio-user:" + folder.resolve(name + ".sock");
  }

  /** Connects a VMM whose device writes by DMA all the time. */
  private static VfioUserClient startTraffic(ChildServer server, Fd memory) throws Exception {
    VfioUserClient vmm = VfioUserClient.connect(server.socket(), ClientOptions.DEFAULT);
    vmm.dma().map(RANGE, memory, 0, true);
    vmm.writeLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.SCRATCH, MARK);
    vmm.writeLong(ScratchLayout.MEMORY_BAR, 0, MARK);
    vmm.writeLong(ScratchLayout.MEMORY_BAR, ServedTestDevice.MEMORY - Long.BYTES, MARK);
    vmm.writeLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.TRAFFIC_IOVA, RANGE.iova());
    vmm.writeInt(ScratchLayout.REGISTERS_BAR, ScratchLayout.TRAFFIC_SLOTS, 1024);
    vmm.writeInt(ScratchLayout.REGISTERS_BAR, ScratchLayout.TRAFFIC_RATE, 5000);
    return vmm;
  }

  private static void assertTrafficContinues(VfioUserClient vmm) throws Exception {
    long count = vmm.readLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.TRAFFIC_COUNT);
    long end = System.nanoTime() + CommandProcesses.TIMEOUT.toNanos();
    while (vmm.readLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.TRAFFIC_COUNT) <= count) {
      assertThat(System.nanoTime()).isLessThan(end);
    }
    assertThat(vmm.readLong(ScratchLayout.MEMORY_BAR, 0)).isEqualTo(MARK);
  }

  private static List<String> facts(JsonObject probe) {
    return probe.get("facts").getAsJsonArray().asList().stream().map(fact -> fact.getAsJsonObject())
        .map(fact -> fact.get("name").getAsString() + " " + fact.get("words").getAsString()).toList();
  }

  @Test
  void savesDeviceInUseAndRestoresIt() throws Exception {
    Path file = folder.resolve("a.state");
    try (ChildServer a = serve("a");
        ChildServer b = serve("b");
        Fd memory = Memfd.create("guest", RANGE.length());
        VfioUserClient vmm = startTraffic(a, memory)) {
      CommandRun saved =
          CommandRun.vfio4j("save", control("a"), "--output", file.toString(), "--max-downtime",
              "60s", "--max-quiesce", "60s");
      assertThat(saved.exitCode()).as(saved.err()).isEqualTo(ExitCodes.SUCCESS);
      assertTrafficContinues(vmm);

      CommandRun restored = CommandRun.vfio4j("restore", file.toString(), control("b"));
      assertThat(restored.exitCode()).as(restored.err()).isEqualTo(ExitCodes.SUCCESS);
      CommandRun probe = CommandRun.vfio4j("probe", control("b"), "--json");
      assertThat(probe.event("probe").get("state").getAsString()).isEqualTo("RUNNING");
      assertThat(facts(probe.event("probe"))).contains("VMM none");
      try (VfioUserClient next = VfioUserClient.connect(b.socket(), ClientOptions.DEFAULT)) {
        assertThat(next.readLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.SCRATCH)).isEqualTo(MARK);
        assertThat(next.readLong(ScratchLayout.MEMORY_BAR, ServedTestDevice.MEMORY - Long.BYTES))
            .isEqualTo(MARK);
        next.writeLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.SCRATCH, 1);
        CommandRun again = CommandRun.vfio4j("restore", file.toString(), control("b"));
        assertThat(again.exitCode()).as(again.err()).isEqualTo(ExitCodes.SUCCESS);
        assertThat(again.err()).contains("is in use by pid " + ProcessHandle.current().pid());
        assertThat(next.readLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.SCRATCH)).isEqualTo(MARK);
      }
    }
  }

  @Test
  void migratesDeviceAwayFromItsVmm() throws Exception {
    try (ChildServer a = serve("a");
        ChildServer b = serve("b");
        Fd memory = Memfd.create("guest", RANGE.length());
        VfioUserClient vmm = startTraffic(a, memory)) {
      CommandRun run = CommandRun.vfio4j("migrate", "--from", control("a"), "--to", socket("b"),
          "--max-downtime", "60s", "--state-dir", folder.resolve("state").toString());
      assertThat(run.exitCode()).as(run.err()).isEqualTo(ExitCodes.SUCCESS);
      assertThatExceptionOfType(DeviceLostException.class)
          .isThrownBy(() -> vmm.readLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.SCRATCH));
      try (VfioUserClient next = VfioUserClient.connect(b.socket(), ClientOptions.DEFAULT)) {
        assertThat(next.readLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.SCRATCH)).isEqualTo(MARK);
      }
      try (VfioUserClient next = VfioUserClient.connect(a.socket(), ClientOptions.DEFAULT)) {
        assertThat(next.state()).isEqualTo(DeviceState.RUNNING);
        assertThat(next.readLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.SCRATCH)).isZero();
      }
    }
  }

  @Test
  void showsVmm() throws Exception {
    try (ChildServer a = serve("a");
        Fd memory = Memfd.create("guest", RANGE.length());
        VfioUserClient vmm = startTraffic(a, memory)) {
      List<String> facts = facts(CommandRun.vfio4j("probe", control("a"), "--json").event("probe"));
      assertThat(facts.getFirst()).startsWith("VMM pid " + ProcessHandle.current().pid() + ", uid ");
      assertThat(facts).contains("mappings 1 of 1.0 MiB", "enabled no interrupts");
      assertTrafficContinues(vmm);
    }
  }

  @Test
  void showsSecondVmm() throws Exception {
    try (ChildServer a = serve("a", "--handover-grace", "1500ms");
        VfioUserClient _ = VfioUserClient.connect(a.socket(), ClientOptions.DEFAULT)) {
      JsonObject before =
          CommandRun.vfio4j("probe", control("a"), "--json").event("probe").getAsJsonObject("replacement");
      assertThat(before.get("candidate").isJsonNull()).isTrue();
      assertThat(before.get("epoch").getAsInt()).isEqualTo(1);
      assertThat(before.get("grace_ms").getAsInt()).isEqualTo(1500);
      try (VfioUserClient _ = VfioUserClient.connect(a.socket(), ClientOptions.DEFAULT)) {
        JsonObject after =
            CommandRun.vfio4j("probe", control("a"), "--json").event("probe").getAsJsonObject("replacement");
        assertThat(after.getAsJsonObject("candidate").get("pid").getAsLong())
            .isEqualTo(ProcessHandle.current().pid());
        assertThat(CommandRun.vfio4j("probe", control("a")).out())
            .containsPattern("second VMM +pid " + ProcessHandle.current().pid())
            .containsPattern("epoch +1; waits 1.5 s if its owner is lost");
      }
    }
  }

  @Test
  void showsVmmAsJson() throws Exception {
    Instant before = Instant.now().truncatedTo(ChronoUnit.MILLIS);
    try (ChildServer a = serve("a");
        Fd memory = Memfd.create("guest", RANGE.length());
        EventFd irq = EventFd.create();
        VfioUserClient vmm = startTraffic(a, memory)) {
      vmm.irqs().assign(2, 0, List.of(irq));
      JsonObject found =
          CommandRun.vfio4j("probe", control("a"), "--json").event("probe").getAsJsonObject("vmm");
      assertThat(found.get("pid").getAsLong()).isEqualTo(ProcessHandle.current().pid());
      assertThat(Instant.parse(found.get("since").getAsString())).isBetween(before, Instant.now());
      assertThat(found.get("mappings").getAsInt()).isEqualTo(1);
      assertThat(found.get("mapped_bytes").getAsLong()).isEqualTo(RANGE.length());
      assertThat(found.getAsJsonArray("irqs").asList()).extracting(JsonElement::getAsString)
          .containsExactly("MSI-X");
      assertThat(List.of("held", "staged", "surrendered")).noneMatch(name -> found.get(name).getAsBoolean());
      assertThat(found.get("max_hold_ms").getAsInt()).isEqualTo(4000);
    }
    try (ChildServer _ = serve("b")) {
      assertThat(CommandRun.vfio4j("probe", control("b"), "--json").event("probe").get("vmm").isJsonNull())
          .isTrue();
      assertThat(CommandRun.vfio4j("probe", socket("b"), "--json").event("probe").get("vmm").isJsonNull())
          .isTrue();
    }
  }

  /** A stopped save is not kept for a VMM, whose device runs on. */
  @Test
  void saysThatDeviceInUseDoesNotStayStopped() throws Exception {
    try (ChildServer a = serve("a");
        Fd memory = Memfd.create("guest", RANGE.length());
        VfioUserClient vmm = startTraffic(a, memory)) {
      CommandRun saved = CommandRun.vfio4j("save", control("a"), "--stop", "--output",
          folder.resolve("a.state").toString(), "--max-downtime", "60s", "--max-quiesce", "60s");
      assertThat(saved.exitCode()).as(saved.err()).isEqualTo(ExitCodes.SUCCESS);
      assertThat(saved.out()).contains("its server then returns it to RUNNING");
      assertTrafficContinues(vmm);
    }
    try (ChildServer _ = serve("b")) {
      CommandRun saved =
          CommandRun.vfio4j("save", control("b"), "--stop", "--output", folder.resolve("b.state").toString());
      assertThat(saved.exitCode()).as(saved.err()).isEqualTo(ExitCodes.SUCCESS);
      assertThat(saved.out())
          .contains("stays in STOP with its state. To run it: vfio4j recover --resume control:");
    }
  }

  @Test
  void rejectsSocketOfDevice() throws Exception {
    try (ChildServer a = serve("a")) {
      CommandRun run = CommandRun.vfio4j("probe", "control:" + a.socket());
      assertThat(run.exitCode()).isEqualTo(ExitCodes.FAILURE);
      assertThat(run.err()).contains("it is not a control socket but the socket of a device");
      CommandRun other = CommandRun.vfio4j("probe", "vfio-user:" + folder.resolve("a.control"));
      assertThat(other.exitCode()).isEqualTo(ExitCodes.FAILURE);
      assertThat(other.err()).contains("its address is " + control("a"));
    }
  }
}
