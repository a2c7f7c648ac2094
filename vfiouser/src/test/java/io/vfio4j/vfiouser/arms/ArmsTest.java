// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.arms;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.vfio4j.model.DeviceException;
import io.vfio4j.testkit.arms.Arm;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.ControlClient;
import io.vfio4j.vfiouser.client.VfioUserClient;
import io.vfio4j.vfiouser.testing.BackgroundTask;
import io.vfio4j.vfiouser.testing.Swap;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The checks of a load during swaps pass for the product, and fail for servers without one of its guards. */
@Timeout(60)
class ArmsTest {

  @TempDir
  private Path folder;

  /**
   * @param swaps those that succeeded, during a load that went on
   * @param deviation what the VMM noticed, or null
   * @param log of both servers
   */
  private record Outcome(int swaps, Load.@Nullable Deviation deviation, List<String> log) {
  }

  /**
   * @param maxSwaps when to end if the VMM notices nothing
   * @param patience how long a reply or an interrupt may take
   */
  private Outcome run(Arm arm, int maxSwaps, Duration patience) throws Exception {
    ArmLoader loader = new ArmLoader(arm);
    AutoCloseable a = serve(loader, "a");
    AutoCloseable b = serve(loader, "b");
    Load.@Nullable Deviation deviation = null;
    int swaps = 0;
    List<String> log = new ArrayList<>();
    try (a;
        b;
        ControlClient controlA = control("a");
        ControlClient controlB = control("b");
        VfioUserClient vmm = VfioUserClient.connect(folder.resolve("a"),
            ClientOptions.DEFAULT.withTimeout(patience));
        Load.Lines lines = Load.Lines.create();
        Arena arena = Arena.ofShared()) {
      RunningLoad load = new RunningLoad(new Load(vmm, lines, arena, patience));
      try {
        for (; swaps < maxSwaps && load.awaitProgress(); swaps++) {
          Swap.run(swaps % 2 == 0 ? controlA : controlB, swaps % 2 == 0 ? controlB : controlA);
        }
      } catch (DeviceException e) {
        // The load must have noticed why.
        log.add("swap failed: " + e.getMessage());
      }
      deviation = load.end();
    }
    log.addAll(log(a));
    log.addAll(log(b));
    return new Outcome(swaps, deviation, log);
  }

  private AutoCloseable serve(ArmLoader loader, String name) throws Exception {
    Object server = loader.loadClass(LoadServer.class.getName()).getConstructor(Path.class, Path.class)
        .newInstance(folder.resolve(name), folder.resolve(name + ".control"));
    return (AutoCloseable) server;
  }

  private ControlClient control(String name) throws DeviceException {
    return ControlClient.connect(folder.resolve(name + ".control"), ClientOptions.DEFAULT);
  }

  @SuppressWarnings("unchecked") // Of another class loader's LoadServer.
  private static List<String> log(AutoCloseable server) {
    return ((Supplier<List<String>>) server).get();
  }

  /** A load in its own thread. */
  private static final class RunningLoad {

    private final AtomicBoolean isEnding = new AtomicBoolean();
    private final AtomicInteger iterations = new AtomicInteger();
    private final BackgroundTask<Boolean> task;

    RunningLoad(Load load) {
      task = BackgroundTask.start("load", () -> {
        while (!isEnding.get()) {
          load.iterate(iterations.incrementAndGet());
        }
        return true;
      });
    }

    /** Waits for two more iterations, one of which is complete. Returns false if the load has ended. */
    boolean awaitProgress() {
      int before = iterations.get();
      while (task.thread().isAlive() && iterations.get() < before + 2) {
        Thread.onSpinWait();
      }
      return task.thread().isAlive();
    }

    Load.@Nullable Deviation end() throws Exception {
      isEnding.set(true);
      try {
        task.result();
        return null;
      } catch (Load.Deviation e) {
        return e;
      }
    }
  }

  @Test
  void passesWithGuards() throws Exception {
    Outcome outcome = run(Arm.GUARDED, 40, Duration.ofSeconds(20));
    assertThat(outcome.deviation()).isNull();
    assertThat(outcome.log()).isEmpty();
    assertThat(outcome.swaps()).isEqualTo(40);
  }

  /**
   * Most fail in the first swaps, and each for its own reason. Messages that are left behind are missed, or end in the
   * middle, so that the rest makes no sense.
   *
   * @param reason what the failed check and the servers' log say
   */
  @ParameterizedTest
  @CsvSource({
      "NO_HOLD, 'a register was written in STOP_COPY'",
      "KICK_BEFORE_LINE, 'INTERRUPT_LOST: (MSI-X|INTx)'",
      "INTX_UNCONDITIONAL, 'INTERRUPT_SPURIOUS: the number of interrupts by INTx is 2 instead of 1'",
      "UNREAD_LEFT_BEHIND, 'REGISTER: the number (out of order|written last)|CONNECTION: '",
      "NO_DRAIN, 'a reply without a command'"})
  void failsWithoutGuard(Arm arm, Pattern reason) throws Exception {
    Outcome outcome = run(arm, 2000, Duration.ofSeconds(1));
    assertThat(outcome.deviation()).as("what the VMM noticed in %d swaps", outcome.swaps()).isNotNull();
    assertThat(outcome.deviation().getMessage() + outcome.log()).containsPattern(reason);
    assertThat(outcome.log().contains(LoadServer.WRITTEN)).isEqualTo(arm == Arm.NO_HOLD);
  }

  @ParameterizedTest
  @EnumSource(names = "GUARDED", mode = EnumSource.Mode.EXCLUDE)
  void failsIfGuardIsElsewhere(Arm arm) {
    assertThatIllegalStateException().isThrownBy(() -> arm.classFiles(String.class.getModule()))
        .withMessageContaining("io.vfio4j.vfiouser.");
  }
}
