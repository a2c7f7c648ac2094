// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.conform;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import io.vfio4j.cli.base.ChildServer;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.testing.CommandProcesses;
import io.vfio4j.cli.testing.CommandRun;
import io.vfio4j.conformance.observe.ObservationSuite;
import io.vfio4j.devices.scratch.ScratchLayout;
import io.vfio4j.linux.EventFd;
import io.vfio4j.linux.Fd;
import io.vfio4j.linux.Memfd;
import io.vfio4j.model.IovaRange;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.ControlClient;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A device in another process is observed through its control socket while a client, the VMM, uses it. */
class ObserveIT {

  private static final IovaRange RANGE = new IovaRange(0x100_0000, 1 << 20);
  private static final int TRAFFIC = 5000;

  @TempDir
  private Path folder;

  private ChildServer serve(String... more) throws Exception {
    List<String> arguments = new ArrayList<>(List.of("--control", folder.resolve("a.control").toString()));
    arguments.addAll(List.of(more));
    return ChildServer
        .start(CommandProcesses.serve(folder.resolve("a.sock"), arguments.toArray(String[]::new)));
  }

  private CommandRun observe(String... more) {
    List<String> arguments =
        new ArrayList<>(List.of("conform", "--observe", "control:" + folder.resolve("a.control"), "--json"));
    arguments.addAll(List.of(more));
    return CommandRun.vfio4j(arguments.toArray(String[]::new));
  }

  private static List<String> checks(CommandRun run, String verdict) {
    return run.events().stream()
        .filter(event -> event.get("event").getAsString().equals("check")
            && event.get("verdict").getAsString().equals(verdict))
        .map(event -> event.get("group").getAsString() + "/" + event.get("name").getAsString()).toList();
  }

  /** A VMM that writes registers and reads them back while its device writes by DMA. */
  private static String access(VfioUserClient vmm, AtomicBoolean ends) {
    try {
      for (long i = 1; !ends.get(); i++) {
        vmm.writeLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.SCRATCH, i);
        long found = vmm.readLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.SCRATCH);
        if (found != i) {
          return "wrote %d, read %d".formatted(i, found);
        }
      }
      return "";
    } catch (Exception e) {
      return String.valueOf(e);
    }
  }

  @Test
  void doesNotDisturbVmm() throws Exception {
    try (ChildServer server = serve();
        VfioUserClient vmm = VfioUserClient.connect(server.socket(), ClientOptions.DEFAULT);
        Fd memory = Memfd.create("guest", RANGE.length());
        EventFd timer = EventFd.create()) {
      vmm.dma().map(RANGE, memory, 0, true);
      vmm.irqs().assign(2, 1, List.of(timer));
      vmm.writeLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.TRAFFIC_IOVA, RANGE.iova());
      vmm.writeInt(ScratchLayout.REGISTERS_BAR, ScratchLayout.TRAFFIC_SLOTS, 1024);
      vmm.writeInt(ScratchLayout.REGISTERS_BAR, ScratchLayout.TRAFFIC_RATE, TRAFFIC);
      AtomicBoolean ends = new AtomicBoolean();
      CompletableFuture<String> guest = new CompletableFuture<>();
      Thread vcpu = Thread.ofPlatform().start(() -> guest.complete(access(vmm, ends)));

      CommandRun run = observe("--allow-pause", "3s");

      ends.set(true);
      vcpu.join();
      assertThat(guest.join()).isEmpty();
      assertThat(checks(run, "failed")).as(run.err()).isEmpty();
      // Only "delay" and the pauses depend on the load of the machine.
      assertThat(checks(run, "passed").size() + checks(run, "deviates").size())
          .isEqualTo(ObservationSuite.checks().size());
      assertThat(run.exitCode()).isEqualTo(ExitCodes.SUCCESS);
      JsonObject observation = run.event("conformance").getAsJsonObject("observation");
      assertThat(observation.get("vmm").getAsBoolean()).isTrue();
      assertThat(observation.get("longest_call_ms").getAsDouble()).isPositive();
      assertThat(observation.get("longest_pause_ms").getAsDouble()).isPositive();
      assertThat(vmm.readInt(ScratchLayout.REGISTERS_BAR, ScratchLayout.TRAFFIC_RATE)).isEqualTo(TRAFFIC);
      // The second control client, which must be rejected.
      assertThat(server.stderrLines()).containsExactly("connection rejected: another client is connected");
    }
  }

  @Test
  void reportsServerThatFails() throws Exception {
    try (ChildServer server = serve("--fault", "arc=RUNNING>PRE_COPY,errno=EIO");
        VfioUserClient vmm = VfioUserClient.connect(server.socket(), ClientOptions.DEFAULT)) {
      vmm.writeLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.SCRATCH, 7);
      CommandRun run = observe();

      assertThat(run.exitCode()).isEqualTo(ExitCodes.FAILURE);
      assertThat(checks(run, "failed")).containsExactly("in-use/PRE_COPY", "in-use/PRE_COPY_P2P",
          "in-use/disconnect in PRE_COPY");
      assertThat(checks(run, "not_applicable")).containsExactly("in-use/STOP_COPY",
          "in-use/disconnect in STOP_COPY");
      assertThat(run.event("conformance").getAsJsonObject("observation").get("longest_pause_ms").isJsonNull())
          .isTrue();
      assertThat(vmm.readLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.SCRATCH)).isEqualTo(7);
    }
  }

  @Test
  void printsVmmAndRefusesSecondClient() throws Exception {
    try (ChildServer server = serve();
        VfioUserClient _ = VfioUserClient.connect(server.socket(), ClientOptions.DEFAULT)) {
      CommandRun run = CommandRun.vfio4j("conform", "--observe", "control:" + folder.resolve("a.control"));

      assertThat(run.exitCode()).as(run.err()).isEqualTo(ExitCodes.SUCCESS);
      assertThat(run.out()).containsPattern("(?m)^VMM +pid " + ProcessHandle.current().pid() + ", since ")
          .containsPattern("(?m)^Messages waited +at most .+ for a request; the device was not stopped$")
          .contains("not applicable (2): it stops the device, which was not permitted")
          .contains("no check failed: ");
      try (ControlClient _ = ControlClient.connect(folder.resolve("a.control"), ClientOptions.DEFAULT)) {
        CommandRun second = observe();
        assertThat(second.exitCode()).isEqualTo(ExitCodes.FAILURE);
        assertThat(second.err()).contains("another control client is connected");
      }
    }
  }
}
