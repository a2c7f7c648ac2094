// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.conform;

import io.vfio4j.cli.base.DurationConverter;
import io.vfio4j.conformance.setup.ObservationOptions;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of an observation: a picocli mixin. */
final class ObserveOptions {

  @Option(names = "--observe", description = "Check a device while a VMM is using it, through the control socket of its server. The device keeps its state and runs on.")
  private boolean enabled;

  @Option(names = "--allow-pause", paramLabel = "TIME", converter = DurationConverter.class, description = "With --observe: also stop the device twice, each time for at most about TIME, which must be below the server's --max-hold (default: it is not stopped).")
  private @Nullable Duration maxPause;

  boolean isEnabled() {
    return enabled;
  }

  boolean allowsPause() {
    return maxPause != null;
  }

  ObservationOptions options() {
    return maxPause == null ? ObservationOptions.DEFAULT : ObservationOptions.DEFAULT.withMaxPause(maxPause);
  }
}
