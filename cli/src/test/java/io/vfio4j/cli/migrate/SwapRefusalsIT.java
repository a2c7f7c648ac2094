// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vfio4j.cli.base.ChildServer;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.testing.CheckingVmm;
import io.vfio4j.cli.testing.CommandProcesses;
import io.vfio4j.cli.testing.CommandRun;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.ControlClient;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Swaps that cannot be done: the device stays with the old server, and its VMM, which checks everything, does not notice. */
@Tag("long")
class SwapRefusalsIT {

  private static final int ROUNDS = 3;

  @TempDir
  private Path folder;

  private ChildServer serve(String name, String... more) throws Exception {
    List<String> arguments = new ArrayList<>(List.of("--control", control(name).toString()));
    arguments.addAll(List.of(more));
    return ChildServer
        .start(CommandProcesses.serve(folder.resolve(name + ".sock"), arguments.toArray(String[]::new)));
  }

  private Path control(String name) {
    return folder.resolve(name + ".control");
  }

  private CommandRun swap(String... more) {
    return swapBetween("a", "b", more);
  }

  private CommandRun swapBack() {
    return swapBetween("b", "a");
  }

  private CommandRun swapBetween(String from, String to, String... more) {
    List<String> arguments = new ArrayList<>(List.of("swap", "--from", "control:" + control(from), "--to",
        "control:" + control(to), "--max-downtime", "60s", "--state-dir",
        folder.resolve("state").toString()));
    arguments.addAll(List.of(more));
    return CommandRun.vfio4j(arguments.toArray(String[]::new));
  }

  private void assertUntouched(CommandRun run, CheckingVmm vmm) throws Exception {
    assertThat(run.exitCode()).as(run.out() + run.err()).isEqualTo(ExitCodes.FAILURE);
    assertThat(vmm.awaitRounds(ROUNDS)).isTrue();
    try (ControlClient a = ControlClient.connect(control("a"), ClientOptions.DEFAULT)) {
      assertThat(a.info().vmm()).isPresent();
      assertThat(a.info().isHeld()).isFalse();
    }
  }

  private void assertFree(ChildServer server) throws Exception {
    try (VfioUserClient next = VfioUserClient.connect(server.socket(), ClientOptions.DEFAULT)) {
      assertThat(next.state()).isEqualTo(DeviceState.RUNNING);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"--max-maps 7", "--max-fds 2", "--max-data 64k", "--max-bitmap 4k", "--mappable"})
  void refusesTargetThatDiffers(String option) throws Exception {
    try (ChildServer a = serve("a"); ChildServer b = serve("b", option.split(" "));
        CheckingVmm vmm = CheckingVmm.start(a.socket())) {
      assertUntouched(swap("--dry-run"), vmm);
      CommandRun run = swap();
      assertUntouched(run, vmm);
      assertThat(run.err()).contains("nothing was touched");
      assertFree(b);
      vmm.finish(0);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"idio-16", "scratch --memory 8m"})
  void refusesOtherDevice(String device) throws Exception {
    List<String> arguments = new ArrayList<>(List.of("serve"));
    arguments.addAll(List.of(device.split(" ")));
    arguments.addAll(
        List.of("--socket", folder.resolve("b.sock").toString(), "--control", control("b").toString()));
    try (ChildServer a = serve("a");
        ChildServer b = ChildServer.start(arguments);
        CheckingVmm vmm = CheckingVmm.start(a.socket())) {
      assertUntouched(swap("--dry-run"), vmm);
      assertUntouched(swap(), vmm);
      assertFree(b);
      vmm.finish(0);
    }
  }

  /** The layouts of the states are equal, so that only the load shows the difference. */
  @Test
  void returnsFromTargetThatRefusesState() throws Exception {
    try (ChildServer a = serve("a"); ChildServer b = serve("b", "--second-traffic");
        CheckingVmm vmm = CheckingVmm.start(a.socket())) {
      assertUntouched(swap(), vmm);
      assertFree(b);
      vmm.finish(0);
    }
  }

  /** A new server that runs out of descriptors, at any of those that it needs. */
  @Test
  void survivesTargetWithoutDescriptors() throws Exception {
    try (ChildServer a = serve("a"); ChildServer b = serve("b");
        CheckingVmm vmm = CheckingVmm.start(a.socket())) {
      // The JVM opens files when it loads classes: not with the limit.
      assertThat(swap().exitCode()).isEqualTo(ExitCodes.SUCCESS);
      assertThat(swapBack().exitCode()).isEqualTo(ExitCodes.SUCCESS);
      assertThat(vmm.awaitRounds(ROUNDS)).isTrue();
      int failures = 0;
      int limit = highestDescriptor(b.pid()) + 2; // The control client needs one.
      setDescriptorLimit(b.pid(), limit);
      CommandRun run = swap();
      while (run.exitCode() != ExitCodes.SUCCESS && failures < 20) {
        assertUntouched(run, vmm);
        assertThat(b.isAlive()).as("after %s: %s", run.err(), b.stderrLines()).isTrue();
        failures++;
        discardIfStopped();
        setDescriptorLimit(b.pid(), limit + failures);
        run = swap();
      }
      assertThat(run.exitCode()).as(run.err() + b.stderrLines()).isEqualTo(ExitCodes.SUCCESS);
      assertThat(failures).as("failures: the socket, the memory and an eventfd at least").isGreaterThan(2);
      assertThat(vmm.awaitRounds(ROUNDS)).isTrue();
      vmm.finish(3);
      assertFree(a);
    }
  }

  /** The connection to the new server ends when it cannot receive descriptors; then it may keep the state that it loaded. */
  private void discardIfStopped() throws Exception {
    DeviceState state;
    try (ControlClient client = ControlClient.connect(control("b"), ClientOptions.DEFAULT)) {
      state = client.device().state();
    } catch (DeviceException e) {
      return; // It has no descriptor for a control client either.
    }
    if (state != DeviceState.RUNNING) {
      CommandRun run = CommandRun.vfio4j("recover", "--discard", "control:" + control("b"), "--state-dir",
          folder.resolve("state").toString());
      assertThat(run.exitCode()).as(run.err()).isEqualTo(ExitCodes.SUCCESS);
    }
  }

  private static int highestDescriptor(long pid) throws IOException {
    try (Stream<Path> descriptors = Files.list(Path.of("/proc/" + pid + "/fd"))) {
      return descriptors.mapToInt(path -> Integer.parseInt(path.getFileName().toString())).max()
          .orElseThrow();
    }
  }

  /** Sets RLIMIT_NOFILE: one more than the highest number of a descriptor. */
  private static void setDescriptorLimit(long pid, int limit) throws Exception {
    Process prlimit =
        new ProcessBuilder("prlimit", "--pid", Long.toString(pid), "--nofile=%d:".formatted(limit))
            .redirectErrorStream(true).start();
    String said = new String(prlimit.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(prlimit.waitFor()).as(said).isZero();
  }

  @Test
  void refusesServersWithAnotherControlClient() throws Exception {
    try (ChildServer a = serve("a"); ChildServer b = serve("b");
        CheckingVmm vmm = CheckingVmm.start(a.socket())) {
      for (String busy : List.of("a", "b")) {
        CommandRun run;
        try (ControlClient first = ControlClient.connect(control(busy), ClientOptions.DEFAULT)) {
          first.device().moveTo(DeviceState.PRE_COPY);
          run = swap();
          assertThat(first.device().state()).isEqualTo(DeviceState.PRE_COPY);
        }
        assertUntouched(run, vmm);
        assertThat(run.err()).contains(control(busy).toString())
            .contains("in use: another control client is connected");
      }
      vmm.finish(0);
      assertFree(b);
    }
  }

  @Test
  void reportsHoldThatHasExpired() throws Exception {
    try (ChildServer a = serve("a", "--max-hold", "100ms");
        ChildServer b = serve("b", "--fault", "arc=RESUMING>STOP,delay=1s,times=1");
        CheckingVmm vmm = CheckingVmm.start(a.socket())) {
      CommandRun run = swap();
      assertUntouched(run, vmm);
      assertThat(run.err()).contains("ESTALE")
          .contains("messages of the VMM have waited for 100 ms (--max-hold)");
      vmm.finish(0);
      assertFree(b);
    }
  }

  /** What the other tests rely on: a VMM that two servers serve at once notices. */
  @Test
  void vmmNoticesTwoServers() throws Exception {
    try (ChildServer a = serve("a"); ChildServer _ = serve("b");
        CheckingVmm vmm = CheckingVmm.start(a.socket())) {
      assertThat(vmm.awaitRounds(ROUNDS)).isTrue();
      try (ControlClient from = ControlClient.connect(control("a"), ClientOptions.DEFAULT);
          ControlClient to = ControlClient.connect(control("b"), ClientOptions.DEFAULT)) {
        // Without the state, and without a surrender.
        from.device().moveTo(DeviceState.STOP_COPY);
        to.device().moveTo(DeviceState.STOP);
        from.passConnection(to);
        to.device().moveTo(DeviceState.RUNNING);
        from.device().moveTo(DeviceState.RUNNING);
        assertThatThrownBy(() -> {
          if (!vmm.awaitRounds(1_000_000)) {
            throw new AssertionError("the device was lost");
          }
        }).isInstanceOf(AssertionError.class);
      }
    }
  }
}
