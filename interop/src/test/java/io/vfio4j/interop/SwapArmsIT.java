// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.testkit.arms.Arm;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The load of {@link SwapGuestIT} must notice that a guard of the hand-over is missing: {@link Arm}. */
class SwapArmsIT {

  /** Most fail at the first. */
  private static final int MAX_SWAPS = 100;
  private static final LoadVerdict.Limits LIMITS = new LoadVerdict.Limits(0, 0, Duration.ofSeconds(4));
  /** How long an interrupt may take. */
  private static final Duration PATIENCE = Duration.ofSeconds(4);
  /** Waits until the number of the device's interrupts no longer grows, and prints what the kernel says of them. */
  private static final String STORM =
      "for i in $(seq 100); do n=$(grep uio_pci_generic /proc/interrupts); sleep 0.5; "
          + "[ \"$n\" = \"$(grep uio_pci_generic /proc/interrupts)\" ] && break; done; "
          + "dmesg | grep -E 'nobody cared|Disabling IRQ' || true";
  private static final String BEHIND_PORT = "0000:01:00.0";

  @RegisterExtension
  static final GuestExtension GUESTS = new GuestExtension();

  @TempDir
  private Path classes;

  private interface Use {
    List<String> problems(Guest guest, ControlledServer first, ControlledServer second, String program)
        throws Exception;
  }

  /** Returns what a guest reports of two servers without a guard. */
  private List<String> problems(Arm arm, GuestSettings settings, Use use) throws Exception {
    arm.write(ModuleLayer.boot().findModule("io.vfio4j.vfiouser").orElseThrow(), classes);
    ControlledServer first = GUESTS.servePatched(classes, "scratch", "--memory", "1m");
    ControlledServer second = GUESTS.servePatched(classes, "scratch", "--memory", "1m");
    try (Guest guest = GUESTS.boot(settings.withDeviceBehindRootPort(first.server().socket()))) {
      GuestFunction function = guest.function(BEHIND_PORT);
      function.enable();
      function.bind("uio_pci_generic");
      guest.runChecked("echo 2 >/proc/sys/vm/nr_hugepages");
      return use.problems(guest, first, second,
          "load %s %s %d".formatted(BEHIND_PORT, function.uio(), PATIENCE.toMillis()));
    }
  }

  /** Swaps under load until the guest fails. */
  private static List<String> swapUnderLoad(Guest guest, ControlledServer first, ControlledServer second,
      String program) throws Exception {
    GuestLoad load = GuestLoad.start(guest, program);
    try {
      load.swap(first, second, MAX_SWAPS);
    } catch (IOException e) {
      if (load.isRunning()) {
        // The guest hangs: that is its failure, and waiting for the end would only take time.
        return List.of(String.valueOf(e.getMessage()));
      }
    }
    return load.end(LIMITS).problems();
  }

  /**
   * Swaps once while the guest leaves the device alone, and starts the load then. QEMU takes any access to the device as
   * the end of an interrupt, so under load one that was not raised does no harm. Without an access it comes again and
   * again, until Linux disables the line.
   */
  private static List<String> swapWhileIdle(Guest guest, ControlledServer first, ControlledServer second,
      String program) throws Exception {
    assertThat(GuestLoad.runSwap(first, second).code()).isZero();
    List<String> problems = new ArrayList<>(guest.runChecked(STORM));
    try {
      GuestLoad load = GuestLoad.start(guest, program);
      load.awaitProgress();
      problems.addAll(load.end(LIMITS).problems());
    } catch (GuestException e) {
      problems.add(String.valueOf(e.getMessage()));
    }
    return problems;
  }

  /**
   * @param reason what the guest reports
   */
  @ParameterizedTest
  @CsvSource({
      "NO_HOLD, true, 'load: |does not complete a command'",
      "KICK_BEFORE_LINE, true, 'load: interrupt [0-9]+ is lost'",
      "UNREAD_LEFT_BEHIND, true, 'load: .* instead of|is lost|a pause of|makes no progress'",
      "NO_DRAIN, false, 'load: a byte copied by DMA is|load: a slot is|a pause of|makes no progress'"})
  void failsWithoutGuard(Arm arm, boolean isShared, Pattern reason) throws Exception {
    GuestSettings settings =
        isShared ? GuestSettings.DEFAULT : GuestSettings.DEFAULT.withPrivateMemory();
    assertThat(problems(arm, settings, SwapArmsIT::swapUnderLoad)).anyMatch(reason.asPredicate());
  }

  @Test
  void interruptThatWasNotRaisedDisablesLine() throws Exception {
    assertThat(problems(Arm.INTX_UNCONDITIONAL, GuestSettings.DEFAULT, SwapArmsIT::swapWhileIdle))
        .anyMatch(problem -> problem.contains("Disabling IRQ"));
  }

  @Test
  void idleGuestPassesWithGuards() throws Exception {
    assertThat(problems(Arm.GUARDED, GuestSettings.DEFAULT, SwapArmsIT::swapWhileIdle)).isEmpty();
  }
}
