// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import java.io.IOException;
import picocli.CommandLine.Option;

/** Allows to reset a source. To be mixed in. */
final class ResetOption {

  @Option(names = "--reset", description = "Reset the source first if it does not run, as its last user may have left it. "
      + "What it holds is lost.")
  private boolean reset;

  boolean isAllowed() {
    return reset;
  }

  /** Opens a source that is only compared: it is not reset even where that is allowed. */
  OpenDevice openToCompare(DeviceAddress address, Output output) throws IOException {
    return reset ? address.open(output::warning) : address.openSource(false, output::warning);
  }
}
