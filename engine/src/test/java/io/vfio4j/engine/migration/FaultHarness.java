// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.migration;

import io.vfio4j.testkit.FailureTable;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Supplier;

/** Creates migrations of one kind with any fault, and runs many of them in parallel. */
final class FaultHarness implements AutoCloseable {

  /** Long enough that a busy machine does not count as a stalled peer. */
  static final Duration STALL = Duration.ofSeconds(1);

  /** Most of them wait for a stall timeout. */
  static final int AT_ONCE = 24;

  private final Path folder;
  private final FaultTrial.Setup setup;
  private final Supplier<FaultTrial.Disk> disk;
  private final ExecutorService threads;

  /**
   * Creates the harness.
   *
   * @param folder for the journals
   * @param setup what migrates
   * @param atOnce how many migrations run in parallel
   * @param disk the disk of the folder, for each run
   */
  FaultHarness(Path folder, FaultTrial.Setup setup, int atOnce, Supplier<FaultTrial.Disk> disk) {
    this.threads = Executors.newFixedThreadPool(atOnce);
    this.folder = folder;
    this.setup = setup;
    this.disk = disk;
  }

  FaultTrial.Setup cargo() {
    return setup;
  }

  FaultTrial trial(FaultScenario scenario) throws IOException {
    return scenario.apply(new FaultTrial(folder, setup, disk.get()));
  }

  /** A cell of a table. */
  private record Place(String row, String column) {
  }

  /** The cells of a table, run in parallel. */
  final class Cells {

    private final Map<Place, Future<String>> cells = new LinkedHashMap<>();

    void add(String row, String column, Callable<String> cell) {
      cells.put(new Place(row, column), threads.submit(cell));
    }

    /** Waits for all cells, and returns them. */
    FailureTable table(String corner) throws InterruptedException {
      FailureTable table = new FailureTable(corner);
      for (Map.Entry<Place, Future<String>> cell : cells.entrySet()) {
        table.put(cell.getKey().row(), cell.getKey().column(), outcome(cell.getKey(), cell.getValue()));
      }
      return table;
    }

    private static String outcome(Place place, Future<String> cell) throws InterruptedException {
      try {
        return cell.get();
      } catch (ExecutionException e) {
        throw new AssertionError(place.toString(), e.getCause());
      }
    }
  }

  @Override
  public void close() {
    threads.close();
  }
}
