// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.cli.base.ChildServer;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.testing.CommandProcesses;
import io.vfio4j.cli.testing.CommandRun;
import io.vfio4j.cli.testing.SelfKillingProcess;
import io.vfio4j.devices.scratch.ScratchLayout;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.ControlClient;
import io.vfio4j.vfiouser.client.ControlInfo;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A swap is killed (SIGKILL) at the steps of its handover. Afterwards, {@code recover} lets one server continue. */
class KilledSwapIT {

  @TempDir
  private Path folder;

  private ChildServer serve(String name) throws Exception {
    return ChildServer.start(
        CommandProcesses.serve(folder.resolve(name + ".sock"), "--control", control(name).toString()));
  }

  private Path control(String name) {
    return folder.resolve(name + ".control");
  }

  private static ControlInfo info(Path control) throws Exception {
    try (ControlClient client = ControlClient.connect(control, ClientOptions.DEFAULT)) {
      return client.info();
    }
  }

  @ParameterizedTest
  @EnumSource(SelfKillingSwap.Step.class)
  void recovers(SelfKillingSwap.Step step) throws Exception {
    Path state = folder.resolve("state");
    try (ChildServer a = serve("a");
        ChildServer b = serve("b");
        VfioUserClient vmm = VfioUserClient.connect(a.socket(), ClientOptions.DEFAULT)) {
      vmm.writeLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.SCRATCH, 17);
      Process victim = SelfKillingProcess.start(SelfKillingSwap.class, state.toString(),
          control("a").toString(), control("b").toString(), step.name());
      assertThat(victim.waitFor()).as("SIGKILL").isEqualTo(SelfKillingProcess.KILLED);

      CommandRun recovered = CommandRun.vfio4j("recover", "--state-dir", state.toString());

      assertThat(recovered.exitCode()).as(recovered.out() + recovered.err()).isEqualTo(ExitCodes.SUCCESS);
      assertThat(vmm.readLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.SCRATCH)).isEqualTo(17);
      boolean atTarget = step == SelfKillingSwap.Step.RUNNING;
      ControlInfo owner = info(control(atTarget ? "b" : "a"));
      ControlInfo other = info(control(atTarget ? "a" : "b"));
      assertThat(owner.vmm()).isPresent();
      assertThat(owner.isHeld() || owner.isSurrendered()).as(owner.toString()).isFalse();
      assertThat(other.vmm()).as("free for another VMM").isEmpty();
      assertThat(other.isSurrendered()).isFalse();
      try (VfioUserClient next =
          VfioUserClient.connect((atTarget ? a : b).socket(), ClientOptions.DEFAULT)) {
        assertThat(next.readLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.SCRATCH)).isZero();
      }
    }
  }
}
