// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.testkit.arms.Arm;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;
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
  private static final String BEHIND_PORT = "0000:01:00.0";

  @RegisterExtension
  static final GuestExtension GUESTS = new GuestExtension();

  @TempDir
  private Path classes;

  /** Swaps under load until the guest fails, and returns what it reports; empty if it does not fail. */
  private List<String> problems(Arm arm, GuestSettings settings) throws Exception {
    arm.write(ModuleLayer.boot().findModule("io.vfio4j.vfiouser").orElseThrow(), classes);
    ControlledServer first = GUESTS.servePatched(classes, "scratch", "--memory", "1m");
    ControlledServer second = GUESTS.servePatched(classes, "scratch", "--memory", "1m");
    try (Guest guest = GUESTS.boot(settings.withDeviceBehindRootPort(first.server().socket()))) {
      GuestFunction function = guest.function(BEHIND_PORT);
      function.enable();
      function.bind("uio_pci_generic");
      guest.runChecked("echo 2 >/proc/sys/vm/nr_hugepages");
      GuestLoad load = GuestLoad.start(guest,
          "load %s %s %d".formatted(BEHIND_PORT, function.uio(), PATIENCE.toMillis()));
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
    assertThat(problems(arm, settings)).anyMatch(reason.asPredicate());
  }
}
