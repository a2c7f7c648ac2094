// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.device;

import io.vfio4j.cli.base.Output;
import java.io.IOException;
import picocli.CommandLine.Option;

/** Allows to reset a source. To be mixed in. */
public final class ResetOption {

  @Option(names = "--reset", description = "Reset the source first if it does not run, as its last user may have left it. "
      + "What it holds is lost.")
  private boolean allowed;

  public boolean isAllowed() {
    return allowed;
  }

  /** Opens a source that is only compared: it is not reset even where that is allowed. */
  public OpenDevice openToCompare(DeviceAddress address, Output output) throws IOException {
    return allowed ? address.open(output::warning) : address.openSource(false, output::warning);
  }
}
