// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.report;

import io.vfio4j.model.DeviceIdentity;
import io.vfio4j.model.MigrationFeatures;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Set;

/**
 * The results of a run of the suite.
 *
 * @param device the device that was checked
 * @param features its features
 * @param startTime when the run began
 * @param duration how long the run took
 * @param groups the groups of checks requested; results may include checks of other groups that end every run
 * @param results the results, by group, and within a group in the order in which the checks ran
 */
public record ConformanceReport(DeviceIdentity device, MigrationFeatures features, Instant startTime,
    Duration duration, Set<CheckGroup> groups, List<CheckResult> results) {

  /** Sorts the results by group. */
  public ConformanceReport {
    groups = Set.copyOf(groups);
    results = results.stream().sorted(Comparator.comparing(result -> result.check().group())).toList();
  }

  /** Returns the outcome of the run. */
  public Outcome outcome() {
    if (count(Verdict.Failure.class) > 0) {
      return Outcome.NOT_CONFORMANT;
    }
    if (!features.canMigrate()) {
      return Outcome.CANNOT_MIGRATE;
    }
    boolean anyApplicable = results.stream().anyMatch(result -> groups.contains(result.check().group())
        && !(result.verdict() instanceof Verdict.NotApplicable));
    return anyApplicable ? Outcome.CONFORMANT : Outcome.NOTHING_APPLICABLE;
  }

  /** Returns whether at least one check was applicable and none failed. */
  public boolean isConformant() {
    return outcome() == Outcome.CONFORMANT;
  }

  /** Returns the number of checks with a kind of verdict. */
  public long count(Class<? extends Verdict> kind) {
    return results.stream().filter(result -> kind.isInstance(result.verdict())).count();
  }

  /** Returns the results of a group. */
  public List<CheckResult> resultsOf(CheckGroup group) {
    return results.stream().filter(result -> result.check().group() == group).toList();
  }

  /** Returns the verdicts in a line, as in {@code 120 passed, 1 failed, 2 deviate, 9 not applicable}. */
  public String summary() {
    return "%d passed, %d failed, %d deviate, %d not applicable".formatted(count(Verdict.Pass.class),
        count(Verdict.Failure.class), count(Verdict.Deviation.class), count(Verdict.NotApplicable.class));
  }
}
