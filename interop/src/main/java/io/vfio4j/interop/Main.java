// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** The main class of {@code interop/run}. */
final class Main {

  private static final int USAGE_ERROR = 2;

  private Main() {
  }

  /**
   * Runs a program.
   *
   * @param arguments the folder of the cache, the name of the program, and its arguments
   */
  public static void main(String[] arguments) throws Exception {
    if (arguments.length < 2) {
      usage();
    }
    Path cache = Path.of(arguments[0]);
    boolean good = true;
    try {
      switch (arguments[1]) {
        case "swaps" -> good = SwapSoak.run(cache, swaps(arguments),
            Path.of(System.getProperty("vfio4j.interop.results", "results")),
            System.getProperty("vfio4j.interop.commit", "unknown"));
        case "soak" -> good = RebootSoak.run(cache, Duration.ofMinutes(minutes(arguments)));
        case "measure" -> GuestBenchmark.run(cache);
        case "record" -> SessionRecorder.run(cache, folder(arguments));
        case "kernel" -> good = KernelChecks.run(cache, List.of(arguments).subList(2, arguments.length));
        default -> usage();
      }
    } catch (UnavailableException e) {
      System.err.println("interop: cannot run guests: " + e.getMessage());
      good = false;
    }
    System.exit(good ? 0 : 1);
  }

  private static long minutes(String[] arguments) {
    return number(arguments, 10);
  }

  private static int swaps(String[] arguments) {
    return number(arguments, 50);
  }

  private static int number(String[] arguments, int otherwise) {
    int number = arguments.length > 2 ? Integer.parseInt(arguments[2]) : otherwise;
    if (number < 1) {
      usage();
    }
    return number;
  }

  private static Path folder(String[] arguments) {
    if (arguments.length < 3) {
      usage();
    }
    return Path.of(arguments[2]);
  }

  private static void usage() {
    System.err.println(
        "usage: interop/run swaps [COUNT] | soak [MINUTES] | measure | record FOLDER | kernel [GROUP|CDEV] [CHECK...]");
    System.exit(USAGE_ERROR);
  }
}
