// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.report;

import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.base.Output;
import io.vfio4j.engine.Comparison;

/** Prints a comparison as text and as JSON. */
public final class ComparisonReport {

  private ComparisonReport() {
  }

  /** Prints a comparison and returns the exit code. */
  public static int print(Comparison comparison, Output output) {
    ComparisonText.lines(comparison).forEach(output::line);
    output.result(ComparisonJson.of(comparison));
    return comparison.isAccepted() ? ExitCodes.SUCCESS : ExitCodes.FAILURE;
  }
}
