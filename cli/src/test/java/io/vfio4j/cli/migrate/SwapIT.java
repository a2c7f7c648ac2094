// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.cli.base.ChildServer;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.testing.CommandProcesses;
import io.vfio4j.cli.testing.CommandRun;
import io.vfio4j.devices.scratch.ScratchLayout;
import io.vfio4j.linux.EventFd;
import io.vfio4j.linux.Fd;
import io.vfio4j.linux.Memfd;
import io.vfio4j.linux.MemoryMap;
import io.vfio4j.model.IovaRange;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A device moves from one server process to another and back while a client, the VMM, uses it. */
class SwapIT {

  private static final IovaRange RANGE = new IovaRange(0x100_0000, 1 << 20);
  private static final int SLOTS = 1 << 16;
  private static final int RATE = 5000;

  @TempDir
  private Path folder;

  private ChildServer serve(String name, String... more) throws Exception {
    List<String> arguments =
        new ArrayList<>(List.of("--control", folder.resolve(name + ".control").toString()));
    arguments.addAll(List.of(more));
    return ChildServer
        .start(CommandProcesses.serve(folder.resolve(name + ".sock"), arguments.toArray(String[]::new)));
  }

  private String control(String name) {
    return "control:" + folder.resolve(name + ".control");
  }

  private CommandRun swap(String from, String to, String... more) throws Exception {
    List<String> arguments = new ArrayList<>(List.of("swap", "--from", control(from), "--to", control(to),
        "--state-dir", folder.resolve("state").toString(), "--max-downtime", "3s"));
    arguments.addAll(List.of(more));
    return CommandRun.vfio4j(arguments.toArray(String[]::new));
  }

  private static VfioUserClient connect(ChildServer server) throws Exception {
    return VfioUserClient.connect(server.socket(), ClientOptions.DEFAULT);
  }

  /** The device writes by DMA, and the client writes and reads registers, throughout six swaps. */
  @Test
  void movesDeviceUnderLoad() throws Exception {
    try (ChildServer a = serve("a");
        ChildServer _ = serve("b");
        VfioUserClient vmm = connect(a);
        Arena arena = Arena.ofShared();
        Fd file = Memfd.create("guest", RANGE.length());
        EventFd timer = EventFd.create()) {
      MemorySegment memory = MemoryMap.shared(file, 0, RANGE.length(), true, arena);
      vmm.dma().map(RANGE, file, 0, true);
      vmm.irqs().assign(2, 1, List.of(timer));
      vmm.writeLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.TRAFFIC_IOVA, RANGE.iova());
      vmm.writeInt(ScratchLayout.REGISTERS_BAR, ScratchLayout.TRAFFIC_SLOTS, SLOTS);
      vmm.writeInt(ScratchLayout.REGISTERS_BAR, ScratchLayout.TRAFFIC_RATE, RATE);
      AtomicBoolean ends = new AtomicBoolean();
      AtomicLong accesses = new AtomicLong();
      CompletableFuture<String> result = new CompletableFuture<>();
      Thread vcpu = Thread.ofPlatform().start(() -> result.complete(run(vmm, ends, accesses)));
      String[] names = {"a", "b"};
      for (int i = 0; i < 6; i++) {
        long before = accesses.get();
        CommandRun run = swap(names[i % 2], names[(i + 1) % 2]);
        assertThat(run.exitCode()).as(run.err()).isEqualTo(ExitCodes.SUCCESS);
        while (accesses.get() <= before && !result.isDone()) {
          Thread.onSpinWait();
        }
      }
      ends.set(true);
      vcpu.join();
      assertThat(result.get()).isEqualTo("");
      vmm.writeInt(ScratchLayout.REGISTERS_BAR, ScratchLayout.TRAFFIC_RATE, 0);
      long count = vmm.readLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.TRAFFIC_COUNT);
      assertThat(count).isPositive();
      for (long n = Math.max(1, count - SLOTS + 1); n <= count; n++) {
        assertThat(memory.get(ValueLayout.JAVA_LONG, (n - 1) % SLOTS * Long.BYTES)).as("write %d", n)
            .isEqualTo(n);
      }
      vmm.writeLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.TIMER, 1000);
      assertThat(timer.await(Duration.ofSeconds(10))).isTrue();
    }
  }

  /** Returns what went wrong, or an empty string. */
  private static String run(VfioUserClient vmm, AtomicBoolean ends, AtomicLong accesses) {
    try {
      for (long i = 1; !ends.get(); i++) {
        vmm.writeLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.SCRATCH, i);
        vmm.writeLong(ScratchLayout.MEMORY_BAR, 4096, ~i);
        long scratch = vmm.readLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.SCRATCH);
        long memory = vmm.readLong(ScratchLayout.MEMORY_BAR, 4096);
        if (scratch != i || memory != ~i) {
          return "wrote %d, read %d and %d".formatted(i, scratch, ~memory);
        }
        accesses.incrementAndGet();
      }
      return "";
    } catch (Exception e) {
      return String.valueOf(e);
    }
  }

  @Test
  void showsWhoUsesDevice() throws Exception {
    try (ChildServer a = serve("a"); VfioUserClient _ = connect(a)) {
      CommandRun run = CommandRun.vfio4j("probe", control("a"));
      assertThat(run.exitCode()).as(run.err()).isZero();
      assertThat(run.out()).contains("VMM         pid " + ProcessHandle.current().pid())
          .contains("messages    are handled; may wait for 4");
    }
  }

  @Test
  void refusesWithoutVmm() throws Exception {
    try (ChildServer _ = serve("a"); ChildServer _ = serve("b")) {
      CommandRun run = swap("a", "b");
      assertThat(run.exitCode()).isEqualTo(ExitCodes.FAILURE);
      assertThat(run.err()).contains("no VMM uses " + control("a")).contains("vfio4j migrate");
    }
  }

  @Test
  void refusesTargetInUse() throws Exception {
    try (ChildServer a = serve("a");
        ChildServer b = serve("b");
        VfioUserClient vmm = connect(a);
        VfioUserClient other = connect(b)) {
      CommandRun run = swap("a", "b");
      assertThat(run.exitCode()).isEqualTo(ExitCodes.FAILURE);
      assertThat(run.err()).contains(control("b") + " is in use by pid");
      assertThat(vmm.readInt(ScratchLayout.REGISTERS_BAR, 0)).isEqualTo(other.readInt(0, 0));
    }
  }

  @Test
  void refusesWhileSecondVmmIsConnected() throws Exception {
    try (ChildServer a = serve("a", "--handover");
        ChildServer _ = serve("b");
        VfioUserClient vmm = connect(a)) {
      try (VfioUserClient _ = connect(a)) {
        for (List<String> more : List.of(List.of("--dry-run"), List.<String>of())) {
          CommandRun refused = swap("a", "b", more.toArray(String[]::new));
          assertThat(refused.exitCode()).isEqualTo(ExitCodes.FAILURE);
          assertThat(refused.out() + refused.err()).contains("a second VMM, pid ", "could not follow");
        }
        vmm.readInt(ScratchLayout.REGISTERS_BAR, ScratchLayout.SCRATCH);
      }
    }
  }

  @Test
  void refusesTargetThatDiffersForVmm() throws Exception {
    try (ChildServer a = serve("a");
        ChildServer _ = serve("b", "--max-maps", "7");
        VfioUserClient vmm = connect(a)) {
      CommandRun dry = swap("a", "b", "--dry-run");
      assertThat(dry.exitCode()).isEqualTo(ExitCodes.FAILURE);
      CommandRun run = swap("a", "b");
      assertThat(run.exitCode()).isEqualTo(ExitCodes.FAILURE);
      assertThat(run.err()).contains("the VMM would notice the difference; nothing was touched");
      assertThat(vmm.readInt(ScratchLayout.REGISTERS_BAR, 0)).isEqualTo(ScratchLayout.ID_VALUE);
    }
  }

  /** A target that refuses the state, at any arc, leaves the device to the VMM at the source. */
  @Test
  void sourceContinuesIfTargetFails() throws Exception {
    for (String arc : List.of("STOP>RESUMING", "RESUMING>STOP")) {
      try (ChildServer a = serve("a");
          ChildServer _ = serve("b", "--fault", "arc=" + arc + ",errno=EIO,times=1");
          VfioUserClient vmm = connect(a)) {
        vmm.writeLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.SCRATCH, 11);
        CommandRun failed = swap("a", "b");
        assertThat(failed.exitCode()).as(failed.err()).isEqualTo(ExitCodes.FAILURE);
        assertThat(vmm.readLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.SCRATCH)).isEqualTo(11);
        CommandRun again = swap("a", "b");
        assertThat(again.exitCode()).as(again.err()).isZero();
        assertThat(vmm.readLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.SCRATCH)).isEqualTo(11);
      }
    }
  }

  @Test
  void sourceServesAnotherVmmAfterwards() throws Exception {
    try (ChildServer a = serve("a"); ChildServer b = serve("b"); VfioUserClient vmm = connect(a)) {
      vmm.writeLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.SCRATCH, 12);
      assertThat(swap("a", "b").exitCode()).isZero();
      try (VfioUserClient next = connect(a)) {
        assertThat(next.readLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.SCRATCH)).isZero();
        next.writeLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.SCRATCH, 13);
        assertThat(vmm.readLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.SCRATCH)).isEqualTo(12);
        assertThat(b.isAlive()).isTrue();
      }
    }
  }
}
