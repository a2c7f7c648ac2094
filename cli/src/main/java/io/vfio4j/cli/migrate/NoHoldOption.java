// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import picocli.CommandLine.Option;

/** For those who cannot wait. To be mixed in. */
final class NoHoldOption {

  @Option(names = "--no-hold", description = "Never wait at the end: let go of the device, even where its state is lost by that.")
  private boolean noHold;

  boolean isHoldingAllowed() {
    return !noHold;
  }
}
