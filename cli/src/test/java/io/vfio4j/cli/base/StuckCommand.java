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

/** A process that is asked to end in order, and cannot: as with a page of a mapped file that never comes. */
public final class StuckCommand {

  static final String WAITS = "waits";
  static final String SPINS = "spins";
  /** After what it was to do is done. */
  static final String WAITS_DONE = "waits-done";

  private static final int WARM_UP = 20_000;

  private StuckCommand() {
  }

  /**
   * Runs it.
   *
   * @param args how it is stuck
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
        settle();
      }
      System.out.println("ready");
      if (args[0].equals(SPINS)) {
        use(spin(Integer.MAX_VALUE));
      }
      never.await();
    }
  }

  private static void settle() throws IOException {
    Output output = new Output(new PrintWriter(System.out, true, StandardCharsets.UTF_8),
        new PrintWriter(System.err, true, StandardCharsets.UTF_8), false, false);
    try (MigrationMonitor watching = new WatchOptions().start(CommandSpec.create(), output)) {
      watching.commitExitCode(ExitCodes.WORKLOAD_PAUSED);
    }
  }

  /** So that the compiler leaves nothing out. */
  private static void use(double result) {
    if (Double.isNaN(result)) {
      throw new IllegalStateException("sines and cosines of numbers are numbers");
    }
  }

  /** In compiled code, without safepoints in counted loops, nothing stops this for minutes. */
  private static double spin(int rounds) {
    double result = 0;
    for (int i = 0; i < rounds; i++) {
      result = Math.sin(result + i) * Math.cos(result - i) + Math.tan(result);
    }
    return result;
  }
}
