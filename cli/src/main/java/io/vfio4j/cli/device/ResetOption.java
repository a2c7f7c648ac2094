// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.device;

import io.vfio4j.cli.base.Output;
import java.io.IOException;
import picocli.CommandLine.Option;

/** The option {@code --reset}: a picocli mixin. */
public final class ResetOption {

  @Option(names = "--reset", description = "Reset a source device first if it is not in RUNNING; its state is lost.")
  private boolean allowed;

  public boolean isAllowed() {
    return allowed;
  }

  /** Opens a source for a dry run, which never resets it. */
  public OpenDevice openToCompare(DeviceAddress address, Output output) throws IOException {
    return allowed ? address.open(output::warning) : address.openSource(false, output::warning);
  }
}
