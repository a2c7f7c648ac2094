// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance;

import io.vfio4j.conformance.checks.CheckPlan;
import io.vfio4j.conformance.checks.MigrationInterface;
import io.vfio4j.conformance.checks.PlannedCheck;

import io.vfio4j.conformance.harness.CheckContext;
import io.vfio4j.conformance.harness.CheckIds;
import io.vfio4j.conformance.harness.VerdictException;
import io.vfio4j.conformance.report.Check;
import io.vfio4j.conformance.report.CheckResult;
import io.vfio4j.conformance.report.ConformanceReport;
import io.vfio4j.conformance.report.Verdict;
import io.vfio4j.conformance.setup.ConformanceOptions;
import io.vfio4j.conformance.setup.DeviceUnderTest;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceLostException;
import io.vfio4j.model.MigrationFeatures;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;

/**
 * Checks that a device follows the migration protocol.
 *
 * <p>
 * The device loses its state: it is reset at the start, and before each check.
 */
public final class ConformanceSuite {

  private final CheckContext context;
  private final ConformanceOptions options;
  private final ConformanceListener listener;
  /** Ids of the checks that failed, or that cover a failure found by another check. */
  private final Set<String> failed = new HashSet<>();
  /** Failed resets between checks, by the id of the check that covers them. */
  private final Map<String, Verdict> failedResets = new LinkedHashMap<>();
  private @Nullable DeviceLostException lossCause;

  private ConformanceSuite(CheckContext context, ConformanceOptions options, ConformanceListener listener) {
    this.context = context;
    this.options = options;
    this.listener = listener;
  }

  /**
   * Returns the checks of a device that has version 2 and these features, including the dangerous ones. A
   * migration region of version 1 adds more.
   */
  public static List<Check> checks(MigrationFeatures features) {
    return CheckPlan.of(MigrationInterface.version2(features)).stream().map(PlannedCheck::check).toList();
  }

  /**
   * Runs the suite.
   *
   * @param deviceUnderTest the device, just opened; it is in RUNNING afterwards if that is possible
   * @param options which checks to run, and their limits
   * @param listener receives the progress
   * @return the results
   * @throws DeviceException if the device does not report its state
   * @throws CancellationException if the listener cancelled the suite; the message has the number of checks
   *     done and the state of the device
   */
  public static ConformanceReport run(DeviceUnderTest deviceUnderTest, ConformanceOptions options,
      ConformanceListener listener) throws DeviceException {
    Instant startTime = Instant.now();
    long start = options.nanoTime().getAsLong();
    try (CheckContext context = new CheckContext(deviceUnderTest, options)) {
      List<CheckResult> results = new ConformanceSuite(context, options, listener).runAll();
      return new ConformanceReport(context.device().identity(), context.features(), startTime,
          Duration.ofNanos(options.nanoTime().getAsLong() - start), options.groups(), results);
    }
  }

  private List<CheckResult> runAll() {
    List<PlannedCheck> plan = CheckPlan.of(MigrationInterface.of(context.probe())).stream()
        .filter(planned -> options.groups().contains(planned.check().group()) || planned.isLast()).toList();
    listener.suiteStarted(plan.size());
    List<CheckResult> results = new ArrayList<>();
    for (PlannedCheck planned : plan) {
      if (listener.isCancelled()) {
        throw new CancellationException(
            "cancelled after %d of %d checks; %s".formatted(results.size(), plan.size(),
                context.resetAndDescribe()));
      }
      listener.checkStarted(planned.check());
      long start = options.nanoTime().getAsLong();
      Verdict verdict = runCheck(planned);
      CheckResult result = new CheckResult(planned.check(), verdict,
          Duration.ofNanos(options.nanoTime().getAsLong() - start));
      if (verdict instanceof Verdict.Failure) {
        failed.add(planned.check().id());
      }
      results.add(result);
      listener.checkFinished(result);
    }
    return withFailedResets(results);
  }

  private Verdict runCheck(PlannedCheck planned) {
    DeviceLostException loss = lossCause;
    if (loss != null) {
      return new Verdict.NotApplicable("the device is lost: " + loss.getMessage());
    }
    if (planned.check().isDangerous() && !options.includesDangerous()) {
      return new Verdict.NotApplicable("it is dangerous, and dangerous checks were not enabled");
    }
    try {
      Optional<VerdictException> failedReset = resetDevice();
      if (failedReset.isPresent()) {
        return notStarted(planned.check(), failedReset.get());
      }
      planned.body().run(context);
    } catch (VerdictException e) {
      context.drainDeviations();
      return verdict(planned.check(), e);
    } catch (DeviceLostException e) {
      lossCause = e;
      return new Verdict.Failure("the device answers", String.valueOf(e.getMessage()));
    } catch (DeviceException e) {
      context.drainDeviations();
      return new Verdict.Failure("no failure during the check", String.valueOf(e.getMessage()));
    }
    List<String> deviations = context.drainDeviations();
    return deviations.isEmpty() ? new Verdict.Pass() : new Verdict.Deviation(String.join("; ", deviations));
  }

  /** Resets the device before a check; a failure of that reset belongs to another check. */
  private Optional<VerdictException> resetDevice() throws DeviceException {
    try {
      context.resetDevice();
      return Optional.empty();
    } catch (VerdictException e) {
      context.drainDeviations();
      return Optional.of(e);
    }
  }

  /**
   * Attributes a failed reset to the check that covers it, which may be this one, another one, or one not
   * selected.
   */
  private Verdict notStarted(Check check, VerdictException failedReset) {
    String cause = failedReset.blockedBy().orElse(CheckIds.RESET_FROM_RUNNING);
    if (cause.equals(check.id()) || check(cause).isEmpty()) {
      return failedReset.verdict();
    }
    failed.add(cause);
    failedResets.putIfAbsent(cause, failedReset.verdict());
    return new Verdict.NotApplicable("it depends on the failed check " + cause);
  }

  /**
   * Makes each failed reset between checks a failure of the check that covers it, even if that check passed.
   */
  private List<CheckResult> withFailedResets(List<CheckResult> results) {
    List<CheckResult> all = new ArrayList<>(results);
    failedResets.forEach((id, verdict) -> {
      boolean isReported = results.stream()
          .anyMatch(result -> result.check().id().equals(id) && result.verdict() instanceof Verdict.Failure);
      if (!isReported) {
        all.removeIf(result -> result.check().id().equals(id));
        CheckResult result = new CheckResult(check(id).orElseThrow(), verdict, Duration.ZERO);
        all.add(result);
        listener.checkFinished(result);
      }
    });
    return all;
  }

  private Optional<Check> check(String id) {
    return CheckPlan.of(MigrationInterface.of(context.probe())).stream().map(PlannedCheck::check)
        .filter(check -> check.id().equals(id)).findFirst();
  }

  /** Counts one cause as one failure: a check blocked by a failure already found is not applicable. */
  private Verdict verdict(Check check, VerdictException ended) {
    Optional<String> cause = ended.blockedBy().filter(id -> !id.equals(check.id()));
    if (cause.isPresent() && !failed.add(cause.get())) {
      return new Verdict.NotApplicable("it depends on the failed check " + cause.get());
    }
    return ended.verdict();
  }
}
