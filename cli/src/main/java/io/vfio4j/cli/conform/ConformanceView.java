// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.conform;

import io.vfio4j.cli.base.Output;
import io.vfio4j.cli.base.ProgressLine;
import io.vfio4j.cli.base.Terminal;
import io.vfio4j.conformance.ConformanceListener;
import io.vfio4j.conformance.report.Check;
import io.vfio4j.conformance.report.CheckResult;

/** Shows the progress of the suite: a line redrawn in place on a terminal, an event for each check as JSON. */
final class ConformanceView implements ConformanceListener {

  private final Output output;
  private final boolean isInteractive;
  private final ProgressLine line;
  private int checks;
  private int finished;
  /** Set by the thread of a signal. */
  private volatile boolean cancelled;

  ConformanceView(Output output) {
    this.output = output;
    this.isInteractive = !output.isJson() && !output.isQuiet() && Terminal.isTerminal(Terminal.STDERR);
    this.line = ProgressLine.onStandardError(output);
  }

  /** Cancels the suite before its next check. Called by any thread. */
  void cancel() {
    cancelled = true;
  }

  @Override
  public boolean isCancelled() {
    if (cancelled) {
      line.clear();
    }
    return cancelled;
  }

  @Override
  public void suiteStarted(int all) {
    checks = all;
  }

  @Override
  public void checkStarted(Check check) {
    if (isInteractive) {
      line.show("%d of %d: %s".formatted(finished + 1, checks, check.id()));
    }
  }

  @Override
  public void checkFinished(CheckResult result) {
    finished++;
    if (isInteractive && finished == checks) {
      line.clear();
    }
    output.event(ConformanceJson.of(result));
  }
}
