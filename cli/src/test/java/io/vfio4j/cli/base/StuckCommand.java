// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.base;

import io.vfio4j.cli.watch.MigrationMonitor;
import io.vfio4j.cli.watch.WatchOptions;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Model.CommandSpec;

/** A process that cannot end in order on a signal, like one that waits for a page of a mapped file. */
public final class StuckCommand {

  static final String WAITS = "waits";
  static final String SPINS = "spins";
  /** Waits after it has committed its exit code. */
  static final String WAITS_DONE = "waits-done";

  private static final int WARM_UP = 20_000;

  private StuckCommand() {
  }

  /**
   * Runs the command.
   *
   * @param args how it gets stuck: one of the constants above
   */
  public static void main(String[] args) throws IOException, InterruptedException {
    Termination.install();
    Termination.setLimit(Duration.ofSeconds(1));
    CountDownLatch never = new CountDownLatch(1);
    try (Termination.Registration _ = Termination.onSignal(() -> {
    })) {
      for (int i = 0; i < WARM_UP; i++) {
        use(spin(100));
      }
      if (args[0].equals(WAITS_DONE)) {
        commitExitCode();
      }
      System.out.println("ready");
      if (args[0].equals(SPINS)) {
        use(spin(Integer.MAX_VALUE));
      }
      never.await();
    }
  }

  private static void commitExitCode() throws IOException {
    Output output = new Output(new PrintWriter(System.out, true, StandardCharsets.UTF_8),
        new PrintWriter(System.err, true, StandardCharsets.UTF_8), false, false);
    try (MigrationMonitor monitor = new WatchOptions().start(CommandSpec.create(), output)) {
      monitor.commitExitCode(ExitCodes.WORKLOAD_PAUSED);
    }
  }

  /** Keeps the compiler from eliminating the computation. */
  private static void use(double result) {
    if (Double.isNaN(result)) {
      throw new IllegalStateException("sines and cosines are finite");
    }
  }

  /** Runs for minutes; compiled without safepoints in counted loops, it cannot be stopped. */
  private static double spin(int rounds) {
    double result = 0;
    for (int i = 0; i < rounds; i++) {
      result = Math.sin(result + i) * Math.cos(result - i) + Math.tan(result);
    }
    return result;
  }
}
