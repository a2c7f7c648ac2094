// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.recover;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.cli.recover.DecisionScenario.Answer;
import io.vfio4j.cli.recover.DecisionScenario.Condition;
import io.vfio4j.testkit.DocumentSection;
import io.vfio4j.testkit.FailureTable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every decision of an operator, for groups of devices of which some run at the target and some do not. The outcomes are in
 * docs/failures.md, which {@code -Dvfio4j.failures.write=true} rewrites.
 */
class ManualDecisionTest {

  private static final List<List<Condition>> GROUPS = List.of( //
      List.of(Condition.STOPPED, Condition.STOPPED), //
      List.of(Condition.RUNS, Condition.STOPPED), //
      List.of(Condition.RUNS, Condition.RUNS), //
      List.of(Condition.RUNS, Condition.IN_USE), //
      List.of(Condition.STOPPED, Condition.IN_USE), //
      List.of(Condition.RUNS, Condition.GONE), //
      List.of(Condition.STOPPED, Condition.GONE), //
      List.of(Condition.GONE, Condition.GONE));

  @TempDir
  private Path folder;

  @Test
  void documentsOutcomeOfEachAnswer() throws Exception {
    FailureTable table = new FailureTable("the target's devices");
    for (List<Condition> group : GROUPS) {
      String row =
          "the first %s, the second %s".formatted(group.get(0).description, group.get(1).description);
      for (Answer answer : Answer.values()) {
        Path here = Files.createDirectory(folder.resolve(Integer.toString(table.cellCount())));
        try (DecisionScenario trial = new DecisionScenario(here, group)) {
          table.put(row, answer.description, trial.run(answer));
        } catch (AssertionError | Exception e) {
          throw new AssertionError(row + ", " + answer.description, e);
        }
      }
    }
    assertThat(table.cellCount()).isEqualTo(GROUPS.size() * Answer.values().length);
    DocumentSection.of("an operator decides").check(table.toString());
  }
}
