// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import picocli.CommandLine.Option;

/** The option {@code --no-hold}: a picocli mixin. */
final class NoHoldOption {

  @Option(names = "--no-hold", description = "Exit without holding devices open, even if that loses their state.")
  private boolean noHold;

  boolean isHoldingAllowed() {
    return !noHold;
  }
}
