// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Swaps the devices of all kinds of guests many times, and writes the result to a dated file, with the bound that it
 * proves.
 */
final class SwapSoak {

  /** If none of n independent attempts fails, the probability of a failure is below 3/n with 95 % confidence. */
  private static final double RULE_OF_THREE = 3;
  private static final double MICROS_PER_MILLI = 1000;
  private static final Duration TOOL_TIMEOUT = Duration.ofMinutes(1);

  private final GuestEnvironment environment;
  private final PrintStream out;
  private final int swaps;
  private final List<String> problems = new ArrayList<>();
  private int succeeded;

  private SwapSoak(GuestEnvironment environment, PrintStream out, int swaps) {
    this.environment = environment;
    this.out = out;
    this.swaps = swaps;
  }

  /**
   * Runs the swaps and writes the result.
   *
   * @param cache the folder of the cached kit
   * @param swaps the number of swaps for each kind of guest
   * @param results the folder for the file
   * @param commit what was tested
   * @return whether no guest noticed anything but pauses
   */
  static boolean run(Path cache, int swaps, Path results, String commit)
      throws UnavailableException, IOException, InterruptedException {
    LocalDateTime begun = LocalDateTime.now(ZoneOffset.UTC).truncatedTo(ChronoUnit.SECONDS);
    Path file = results
        .resolve(begun.format(DateTimeFormatter.ofPattern("uuuu-MM-dd-HHmm")) + "-swaps.md");
    Files.createDirectories(results);
    try (GuestEnvironment environment = GuestEnvironment.open(cache);
        PrintStream out = new PrintStream(Files.newOutputStream(file), true, StandardCharsets.UTF_8)) {
      System.out.println("interop: writing " + file);
      out.printf(
          "# Swaps of a device's server under a guest's load%n%nBegun %s UTC, commit %s; %d CPUs, Linux %s, "
              + "Java %s, %s, emulated.%n%n",
          begun, commit, Runtime.getRuntime().availableProcessors(),
          System.getProperty("os.version"), Runtime.version(), qemuVersion(environment));
      boolean good = new SwapSoak(environment, out, swaps).run();
      System.out.print(Files.readString(file));
      return good;
    }
  }

  private static String qemuVersion(GuestEnvironment environment) throws IOException, InterruptedException {
    List<String> command = environment.kit().qemu();
    command.add("--version");
    return ToolProcess.run(TOOL_TIMEOUT, environment.folder(), command).lines().findFirst().orElse("QEMU");
  }

  private boolean run() throws UnavailableException, InterruptedException {
    out.println(
        "Pauses are the longest iterations of the guest's load around each swap, in ms as the guest measured "
            + "them; the");
    out.println("last two columns are the longest iterations in each 50 ms without a swap.");
    out.println();
    out.println("| guest | swaps | iterations | interrupts lost | not raised | pause p50 | p99 | longest "
        + "| without a swap p50 | p99 |");
    out.println("|---|---|---|---|---|---|---|---|---|---|");
    for (SwapGuest kind : SwapGuest.values()) {
      try (SwapRun run = SwapRun.start(environment, kind, swaps)) {
        addRow(kind, run.swap(swaps));
      } catch (IOException e) {
        problems.add(kind.description() + ": " + e.getMessage());
      }
    }
    printConclusion();
    return problems.isEmpty();
  }

  private void addRow(SwapGuest kind, LoadVerdict verdict) {
    verdict.problems().forEach(problem -> problems.add(kind.description() + ": " + problem));
    out.printf(Locale.ROOT, "| %s | %d | %,d | %d | %d | %s | %s | %s | %s | %s |%n", kind.description(),
        verdict.pauses().size(), verdict.iterations(), verdict.lost(), verdict.spurious(),
        millis(verdict.pauses(), 0.5), millis(verdict.pauses(), 0.99), millis(verdict.pauses(), 1),
        millis(verdict.otherPauses(), 0.5), millis(verdict.otherPauses(), 0.99));
    if (verdict.problems().isEmpty()) {
      succeeded += verdict.pauses().size();
    }
  }

  /** Returns the smallest sample that is not exceeded by the fraction of the samples. */
  private static String millis(List<Long> micros, double fraction) {
    if (micros.isEmpty()) {
      return "-";
    }
    int rank = (int) Math.ceil(fraction * micros.size());
    long value = micros.stream().sorted().skip(Math.max(0, rank - 1)).findFirst().orElseThrow();
    return String.format(Locale.ROOT, "%.1f", value / MICROS_PER_MILLI);
  }

  private void printConclusion() {
    out.println();
    if (problems.isEmpty()) {
      out.printf(Locale.ROOT,
          "No failure in %d swaps. With 95 %% confidence, fewer than %.2f %% of such swaps fail (3/%d); for a single "
              + "kind of%nguest, fewer than %.1f %% (3/%d).%n",
          succeeded, 100 * RULE_OF_THREE / succeeded, succeeded, 100 * RULE_OF_THREE / swaps, swaps);
    } else {
      out.println("FAILED:");
      out.println();
      problems.forEach(problem -> out.println("- " + problem.replace(System.lineSeparator(), " ")));
    }
  }
}
