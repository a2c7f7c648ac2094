// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.testkit.DocumentSection;
import io.vfio4j.testkit.FailureTable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A swap in which the command or a server is killed (SIGKILL) or stalls (SIGSTOP), or the VMM disconnects or sends more than
 * its socket holds, at each step. docs/failures.md has the outcomes. With {@code -Dvfio4j.faults.swap=all} all are tested,
 * which takes 20 minutes, with {@code -Dvfio4j.faults=all} a quarter of them, else a few; {@code
 * -Dvfio4j.failures.write=true} also rewrites the table.
 */
class SwapFaultsIT {

  private static final boolean ALL = "all".equals(System.getProperty("vfio4j.faults.swap"));
  private static final int DRAWS = "all".equals(System.getProperty("vfio4j.faults")) ? 64 : 3;
  private static final int AT_ONCE = 3;
  private static final String TITLE = "At each step of a swap:";

  private final long seed = Long.getLong("vfio4j.seed", System.nanoTime());
  private final RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);

  @TempDir
  private Path folder;

  /** A cell of the table. */
  private record Cell(String step, SwapFaultScenario.Fault fault) {
  }

  @Test
  @Timeout(value = 40, unit = TimeUnit.MINUTES)
  void documentsOutcomeOfEachFault() throws Exception {
    FailureTable table = tryAll(ALL ? all(steps()) : draw());
    DocumentSection section = DocumentSection.of("swap");
    if (ALL) {
      section.check(TITLE + "\n\n" + table);
    } else {
      table.requireSubsetOf(FailureTable.in(section.text(), TITLE));
    }
  }

  private FailureTable tryAll(List<Cell> cells) throws Exception {
    FailureTable table = new FailureTable("step");
    try (ExecutorService threads = Executors.newFixedThreadPool(AT_ONCE)) {
      Map<Cell, Future<String>> outcomes = new LinkedHashMap<>();
      for (Cell cell : cells) {
        Path here = Files.createDirectory(folder.resolve(Integer.toString(outcomes.size())));
        outcomes.put(cell, threads.submit(() -> at(cell, here)));
      }
      List<Throwable> failures = new ArrayList<>();
      for (Map.Entry<Cell, Future<String>> outcome : outcomes.entrySet()) {
        Cell cell = outcome.getKey();
        try {
          table.put(cell.step(), cell.fault().title, outcome.getValue().get());
        } catch (ExecutionException e) {
          failures.add(new AssertionError("%s, seed %d".formatted(cell, seed), e.getCause()));
        }
      }
      throwAll(failures, table);
    }
    return table;
  }

  private static void throwAll(List<Throwable> failures, FailureTable others) {
    if (!failures.isEmpty()) {
      AssertionError all =
          new AssertionError("%d faults; the others:%n%s".formatted(failures.size(), others));
      failures.forEach(all::addSuppressed);
      throw all;
    }
  }

  private static String at(Cell cell, Path here) throws Exception {
    try (SwapFaultScenario trial = new SwapFaultScenario(here, cell.step(), cell.fault())) {
      return trial.run();
    }
  }

  private static List<Cell> all(List<String> steps) {
    List<Cell> all = new ArrayList<>();
    for (String step : steps) {
      for (SwapFaultScenario.Fault fault : SwapFaultScenario.Fault.values()) {
        all.add(new Cell(step, fault));
      }
    }
    assertThat(all).hasSizeGreaterThan(200);
    return all;
  }

  private List<Cell> draw() throws Exception {
    List<Cell> all = all(FailureTable.in(DocumentSection.of("swap").text(), TITLE).rows());
    return random.ints(0, all.size()).distinct().limit(DRAWS).mapToObj(all::get).toList();
  }

  /** Returns the steps of a swap that succeeds, those of the source's side first. */
  private List<String> steps() throws Exception {
    Path here = Files.createDirectory(folder.resolve("good"));
    try (SwapFaultScenario good =
        new SwapFaultScenario(here, SteppedSwap.ALL, SwapFaultScenario.Fault.COMMAND_KILLED)) {
      List<String> steps = good.steps();
      List<String> sorted =
          new ArrayList<>(steps.stream().filter(step -> !step.startsWith("target")).toList());
      sorted.addAll(steps.stream().filter(step -> step.startsWith("target")).toList());
      return sorted.stream().distinct().toList();
    }
  }
}
