// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import io.vfio4j.engine.Comparison;
import picocli.CommandLine.Option;

/** Whether only to compare. To be mixed in. */
final class DryRun {

  @Option(names = "--dry-run", description = {
      "Compare devices, features, sizes, versions, memory and free space on both sides, and stop there: nothing is touched.",
      "Exit code 0: it would go, as far as that can be told beforehand; 1: it would not."})
  private boolean wanted;

  boolean isWanted() {
    return wanted;
  }

  /** Tells what was found, and returns the exit code. */
  static int tell(Comparison comparison, Output output) {
    ComparisonWords.lines(comparison).forEach(output::line);
    output.result(ComparisonJson.of(comparison));
    return comparison.isAccepted() ? ExitCodes.DONE : ExitCodes.NOT_DONE;
  }
}
