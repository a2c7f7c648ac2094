// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import io.vfio4j.cli.base.DurationConverter;
import io.vfio4j.cli.base.Termination;
import io.vfio4j.engine.MigrationOptions;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The option {@code --arc-timeout}: a picocli mixin. */
final class ArcTimeoutOption {

  @Option(names = "--arc-timeout", paramLabel = "TIME", converter = DurationConverter.class, description = "Timeout for a call to a device; when it expires the device is treated as lost (default: 10s).")
  private @Nullable Duration timeout;

  /** Sets the timeout, if given; a signal then waits for device calls of that duration. */
  void applyTo(MigrationOptions.Builder options) {
    if (timeout != null) {
      Termination.allowDeviceCalls(timeout);
      options.arcTimeout(timeout);
    }
  }
}
