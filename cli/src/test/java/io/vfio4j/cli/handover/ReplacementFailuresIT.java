// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.handover;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.cli.handover.ReplacementCases.Case;
import io.vfio4j.testkit.DocumentSection;
import io.vfio4j.testkit.FailureTable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What becomes of a device whose VMM is replaced, with server processes, and processes for VMMs that are killed.
 * docs/failures.md has the outcomes. With {@code -Dvfio4j.faults=all} all cases are tested, else random ones; {@code
 * -Dvfio4j.failures.write=true} also rewrites the tables.
 */
class ReplacementFailuresIT {

  private static final boolean ALL = "all".equals(System.getProperty("vfio4j.faults"));
  private static final int DRAWS = 3;
  private static final String LOSSES = "A VMM is killed (SIGKILL):";
  private static final String OTHERS = "Everything else, with or without a grace time:";
  private static final String OUTCOME = "what becomes of the device";

  private final long seed = Long.getLong("vfio4j.seed", System.nanoTime());
  private final RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);

  @TempDir
  private Path folder;

  /** A cell of a table. */
  private record Cell(FailureTable table, String row, Case body, String column, List<String> options) {
  }

  @Test
  @Timeout(value = 5, unit = TimeUnit.MINUTES)
  void documentsOutcomeOfEachCase() throws Exception {
    FailureTable losses = new FailureTable("killed is");
    FailureTable others = new FailureTable("what happens");
    for (Cell cell : drawn(cells(losses, others))) {
      cell.table.put(cell.row, cell.column, outcome(cell));
    }
    DocumentSection section = DocumentSection.of("VMM replacement");
    if (ALL) {
      section.check("%s%n%n%s%n%s%n%n%s".formatted(LOSSES, losses, OTHERS, others));
    } else {
      losses.requireSubsetOf(FailureTable.in(section.text(), LOSSES));
      others.requireSubsetOf(FailureTable.in(section.text(), OTHERS));
    }
  }

  private List<Cell> drawn(List<Cell> all) {
    return ALL ? all
        : random.ints(0, all.size()).distinct().limit(DRAWS).sorted().mapToObj(all::get).toList();
  }

  private static List<Cell> cells(FailureTable losses, FailureTable others) {
    List<Cell> cells = new ArrayList<>();
    for (Map.Entry<String, Case> loss : ReplacementCases.losses().entrySet()) {
      cells.add(new Cell(losses, loss.getKey(), loss.getValue(), "without a grace time", List.of()));
      cells.add(new Cell(losses, loss.getKey(), loss.getValue(), "with `--handover-grace`",
          List.of("--handover-grace", "1s")));
    }
    ReplacementCases.others()
        .forEach((row, body) -> cells.add(new Cell(others, row, body, OUTCOME, List.of())));
    assertThat(cells).hasSizeGreaterThanOrEqualTo(20);
    return cells;
  }

  private String outcome(Cell cell) throws Exception {
    Path here = Files.createTempDirectory(folder, "case");
    try (ReplacementScenario scenario = new ReplacementScenario(here, cell.options.toArray(String[]::new))) {
      return cell.body.run(scenario);
    } catch (Exception | AssertionError e) {
      throw new AssertionError("%s, %s, seed %d".formatted(cell.row, cell.column, seed), e);
    }
  }
}
