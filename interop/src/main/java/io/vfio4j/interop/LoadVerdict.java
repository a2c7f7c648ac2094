// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * The verdict on a device whose server was replaced under load, computed from the output of the guest's
 * {@code load.c}. Anything that is missing, out of order or unknown is a failure.
 *
 * @param problems what is wrong; empty if the guest noticed nothing but pauses
 * @param pauses the longest iteration of the load around each swap, in microseconds
 * @param otherPauses the longest iterations of the lines of progress without a swap
 * @param iterations the number of iterations
 * @param lost the number of interrupts that were raised and did not arrive
 * @param spurious the number of interrupts that arrived and were not raised
 */
record LoadVerdict(List<String> problems, List<Long> pauses, List<Long> otherPauses, long iterations,
    long lost, long spurious) {

  /** The output that begins a load. */
  static final String BEGIN = "load begin";

  /** The beginning of a line of progress. */
  static final String LINE = "load line=";

  /** Lines after a swap whose pauses are attributed to it: one may have been on its way when the swap ended. */
  static final int LINES_AFTER = 2;

  private static final Pattern PROGRESS = Pattern.compile(
      "load line=(\\d+) iterations=(\\d+) interrupts=(\\d+) spurious=(\\d+) traffic=(\\d+) pause=(\\d+)");
  private static final Pattern END = Pattern.compile("load end lines=(\\d+) iterations=(\\d+)");

  /**
   * A swap, placed in the load's output.
   *
   * @param linesBefore lines of progress received when it began
   * @param linesAfter lines of progress received when it had ended
   */
  record Swap(int linesBefore, int linesAfter) {
  }

  /**
   * What a load may show.
   *
   * @param swaps the minimum number of swaps
   * @param spuriousInterrupts the maximum number of interrupts that were not raised
   * @param pause the maximum duration of an iteration
   */
  record Limits(int swaps, int spuriousInterrupts, Duration pause) {
  }

  private record Progress(long iterations, long interrupts, long spurious, long traffic, long pause) {
    static final Progress NONE = new Progress(0, 0, 0, 0, 0);
  }

  /** Copies the lists. */
  LoadVerdict {
    problems = List.copyOf(problems);
    pauses = List.copyOf(pauses);
    otherPauses = List.copyOf(otherPauses);
  }

  /** Returns this verdict with further problems. */
  LoadVerdict withProblems(List<String> more) {
    List<String> all = new ArrayList<>(problems);
    all.addAll(more);
    return new LoadVerdict(all, pauses, otherPauses, iterations, lost, spurious);
  }

  /**
   * Computes the verdict.
   *
   * @param output all lines that the load printed
   * @param status its exit status
   * @param swaps the swaps that succeeded meanwhile
   */
  static LoadVerdict of(List<String> output, int status, List<Swap> swaps, Limits limits) {
    List<String> problems = new ArrayList<>();
    if (status != 0) {
      problems.add("the load ended with status " + status);
    }
    if (output.isEmpty() || !output.getFirst().equals(BEGIN)) {
      problems.add("the load's beginning is missing");
    }
    List<Progress> progress = new ArrayList<>();
    for (int i = 1; i < output.size(); i++) {
      parse(output.get(i), i == output.size() - 1, progress, problems);
    }
    if (output.isEmpty() || !END.matcher(output.getLast()).matches()) {
      problems.add("the load's end is missing");
    }
    checkProgress(progress, limits, problems);
    List<Long> pauses = checkSwaps(progress, swaps, limits, problems);
    Progress last = progress.isEmpty() ? Progress.NONE : progress.getLast();
    return new LoadVerdict(problems, pauses, pausesOutside(swaps, progress), last.iterations,
        last.iterations - last.interrupts, last.spurious);
  }

  private static void parse(String line, boolean isLast, List<Progress> progress, List<String> problems) {
    Matcher matcher = PROGRESS.matcher(line);
    Matcher end = END.matcher(line);
    if (matcher.matches()) {
      if (number(matcher, 1) != progress.size() + 1) {
        problems.add("line %d is missing before: %s".formatted(progress.size() + 1, line));
      }
      progress.add(new Progress(number(matcher, 2), number(matcher, 3), number(matcher, 4),
          number(matcher, 5), number(matcher, 6)));
    } else if (!isLast || !end.matches()) {
      problems.add("unexpected output: " + line);
    } else if (number(end, 1) != progress.size() || progress.isEmpty()
        || number(end, 2) != progress.getLast().iterations) {
      problems.add("after %d lines of progress, the load ended with: %s".formatted(progress.size(), line));
    }
  }

  private static long number(Matcher matcher, int group) {
    try {
      return Long.parseLong(matcher.group(group));
    } catch (NumberFormatException e) {
      // Too large; equal to no count.
      return -1;
    }
  }

  private static void checkProgress(List<Progress> progress, Limits limits, List<String> problems) {
    Progress before = Progress.NONE;
    for (int i = 0; i < progress.size(); i++) {
      Progress now = progress.get(i);
      if (now.iterations <= before.iterations) {
        problems.add("no iteration in line " + (i + 1));
      }
      if (now.interrupts != now.iterations) {
        problems.add(
            "%d interrupts in %d iterations in line %d".formatted(now.interrupts, now.iterations, i + 1));
      }
      if (now.traffic <= before.traffic) {
        problems.add("no traffic in line " + (i + 1));
      }
      if (now.spurious < before.spurious || now.spurious > limits.spuriousInterrupts) {
        problems.add("%d interrupts that were not raised, in line %d".formatted(now.spurious, i + 1));
      }
      if (now.pause < 0 || now.pause > limits.pause.toNanos() / 1000) {
        problems.add("a pause of %d us in line %d".formatted(now.pause, i + 1));
      }
      before = now;
    }
  }

  private static List<Long> checkSwaps(List<Progress> progress, List<Swap> swaps, Limits limits,
      List<String> problems) {
    if (swaps.size() < limits.swaps) {
      problems.add("%d swaps instead of %d".formatted(swaps.size(), limits.swaps));
    }
    List<Long> pauses = new ArrayList<>();
    int begun = 0;
    for (Swap swap : swaps) {
      int end = swap.linesAfter + LINES_AFTER;
      if (swap.linesBefore <= begun || swap.linesAfter < swap.linesBefore || end > progress.size()) {
        problems.add("swap %d did not happen under load: %s".formatted(pauses.size() + 1, swap));
        break;
      }
      pauses.add(progress.subList(swap.linesBefore, end).stream().mapToLong(Progress::pause).max().orElse(0));
      begun = swap.linesBefore;
    }
    return pauses;
  }

  private static List<Long> pausesOutside(List<Swap> swaps, List<Progress> progress) {
    BitSet around = new BitSet();
    swaps.forEach(
        swap -> around.set(swap.linesBefore, Math.max(swap.linesBefore, swap.linesAfter + LINES_AFTER)));
    return IntStream.range(0, progress.size()).filter(line -> !around.get(line))
        .mapToObj(line -> progress.get(line).pause).toList();
  }
}
