// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.report;

import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.base.Output;
import io.vfio4j.engine.Comparison;
import picocli.CommandLine.Option;

/** Whether only to compare. To be mixed in. */
public final class DryRunOption {

  @Option(names = "--dry-run", description = {
      "Compare devices, features, sizes, versions, memory and free space on both sides, and stop there: nothing is touched.",
      "Exit code 0: it would go, as far as that can be told beforehand; 1: it would not."})
  private boolean enabled;

  public boolean isEnabled() {
    return enabled;
  }

  /** Tells what was found, and returns the exit code. */
  public static int report(Comparison comparison, Output output) {
    ComparisonText.lines(comparison).forEach(output::line);
    output.result(ComparisonJson.of(comparison));
    return comparison.isAccepted() ? ExitCodes.SUCCESS : ExitCodes.FAILURE;
  }
}
