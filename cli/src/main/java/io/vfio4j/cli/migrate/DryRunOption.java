// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import picocli.CommandLine.Option;

/** The option {@code --dry-run}: a picocli mixin. */
final class DryRunOption {

  @Option(names = "--dry-run", description = {
      "Compare devices, features, sizes, versions, memory and free space of both sides and exit; nothing is touched.",
      "Exit code 0: a migration would be accepted, as far as can be checked in advance; 1: it would be refused."})
  private boolean enabled;

  boolean isEnabled() {
    return enabled;
  }
}
