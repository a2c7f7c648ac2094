// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.cli.testing.FrameProxy;
import io.vfio4j.cli.testing.ServedTestDevice;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.Workload;
import io.vfio4j.engine.journal.StateDirectory;
import io.vfio4j.engine.migration.LocalMigration;
import io.vfio4j.testkit.DocumentSection;
import io.vfio4j.testkit.FailureTable;
import io.vfio4j.testkit.OpenResources;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
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
 * A side of a migration or a device's server is killed (SIGKILL), or the connection between the sides breaks, at each step
 * that the engine reports. docs/failures.md has the outcomes. With {@code -Dvfio4j.faults=all} all steps are tested, else
 * random ones; {@code -Dvfio4j.failures.write=true} also rewrites the table.
 */
class ProcessFaultsIT {

  private static final boolean ALL = "all".equals(System.getProperty("vfio4j.faults"));
  private static final int DRAWS = 5;
  private static final int AT_ONCE = 3;
  private static final String TITLE = "At each step that the engine reports:";

  private final long seed = Long.getLong("vfio4j.seed", System.nanoTime());
  private final RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);

  @TempDir
  private Path folder;

  /** A cell of the table. */
  private record Cell(String step, ProcessFaultScenario.Fault fault) {
  }

  @Test
  @Timeout(value = 20, unit = TimeUnit.MINUTES)
  void documentsOutcomeOfEachFault() throws Exception {
    List<Cell> cells = cells();
    // The JVM creates a permanent socket when a channel with a blocked thread is first closed.
    new FrameProxy(folder.resolve("p.sock"), folder.resolve("m.sock")).close();
    OpenResources before = OpenResources.current();
    FailureTable table = tryAll(cells);
    assertThat(OpenResources.current().addedSince(before)).as("leaked resources").isEmpty();
    DocumentSection section = DocumentSection.of("processes");
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
      for (Map.Entry<Cell, Future<String>> outcome : outcomes.entrySet()) {
        Cell cell = outcome.getKey();
        try {
          table.put(cell.step(), cell.fault().title, outcome.getValue().get());
        } catch (ExecutionException e) {
          throw new AssertionError("%s, seed %d".formatted(cell, seed), e.getCause());
        }
      }
    }
    return table;
  }

  private static String at(Cell cell, Path here) throws Exception {
    try (ProcessFaultScenario trial = new ProcessFaultScenario(here, cell.step(), cell.fault())) {
      return trial.run();
    }
  }

  private List<Cell> cells() throws Exception {
    List<Cell> all = new ArrayList<>();
    for (String step : steps()) {
      for (ProcessFaultScenario.Fault fault : ProcessFaultScenario.Fault.values()) {
        all.add(new Cell(step, fault));
      }
    }
    assertThat(all).hasSizeGreaterThan(200);
    return ALL ? all : random.ints(0, all.size()).distinct().limit(DRAWS).mapToObj(all::get).toList();
  }

  /** Returns the steps of a successful run, those of the source first. */
  private Set<String> steps() throws Exception {
    Set<String> ofSource = new LinkedHashSet<>();
    Set<String> ofTarget = new LinkedHashSet<>();
    StateDirectory state = StateDirectory.open(folder.resolve("good"));
    try (ServedTestDevice a = ServedTestDevice.start(folder.resolve("good-a.sock"));
        ServedTestDevice b = ServedTestDevice.start(folder.resolve("good-b.sock"));
        VfioUserClient source = a.connect();
        VfioUserClient target = b.connect()) {
      LocalMigration.run(source, target, ProcessFaultScenario.options(state), Workload.NONE,
          event -> event.stepName()
              .ifPresent(event.side() == Side.SOURCE ? ofSource::add : ofTarget::add));
    }
    Set<String> steps = new LinkedHashSet<>(ofSource);
    steps.addAll(ofTarget);
    return steps;
  }
}
