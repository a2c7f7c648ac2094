// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.base;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.cli.testing.CommandProcesses;
import io.vfio4j.cli.testing.SelfKillingProcess;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A command that cannot end in order is terminated, by itself or by the kernel. */
class StuckCommandIT {

  /** The exit code that a shell reports for a process killed by SIGALRM. */
  private static final int ALARM = 128 + 14;

  private static ChildProcess start(List<String> jvmOptions, String mode) throws Exception {
    ChildProcess child =
        ChildProcess.start(List.of(mode), SelfKillingProcess.command(jvmOptions, StuckCommand.class, mode),
            line -> {
            });
    assertThat(child.readLine(CommandProcesses.TIMEOUT)).as(String.join("\n", child.stderrLines()))
        .isEqualTo("ready");
    return child;
  }

  @Test
  void exitsDespiteHungCall() throws Exception {
    try (ChildProcess child = start(List.of(), StuckCommand.WAITS)) {
      SignalsIT.Signal.TERM.to(child);

      assertThat(child.await(CommandProcesses.TIMEOUT)).isEqualTo(ExitCodes.INTERVENTION_REQUIRED);
      assertThat(child.stderrLines()).singleElement().asString()
          .startsWith("vfio4j: still running 1 s after the signal");
    }
  }

  /** The owner of the devices is known, so the exit code does not change, even if a later write blocks. */
  @Test
  void keepsCommittedExitCode() throws Exception {
    try (ChildProcess child = start(List.of(), StuckCommand.WAITS_DONE)) {
      SignalsIT.Signal.TERM.to(child);

      assertThat(child.await(CommandProcesses.TIMEOUT)).isEqualTo(ExitCodes.WORKLOAD_PAUSED);
      assertThat(child.stderrLines()).singleElement().asString()
          .startsWith("vfio4j: done, but still running 1 s after the signal");
    }
  }

  /** The JVM can neither continue nor halt, as with a thread that waits for a page. */
  @Test
  void exitsDespiteThreadWithoutSafepoint() throws Exception {
    List<String> withoutSafepoints =
        List.of("-Xbatch", "-XX:-TieredCompilation", "-XX:-UseCountedLoopSafepoints",
            "-XX:LoopStripMiningIter=0");
    try (ChildProcess child = start(withoutSafepoints, StuckCommand.SPINS)) {
      SignalsIT.Signal.TERM.to(child);

      assertThat(child.await(CommandProcesses.TIMEOUT)).isEqualTo(ALARM);
    }
  }
}
