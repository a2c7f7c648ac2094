// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance;

import io.vfio4j.conformance.checks.CheckPlan;
import io.vfio4j.conformance.checks.MigrationInterface;
import io.vfio4j.conformance.checks.PlannedCheck;
import io.vfio4j.conformance.checks.ResetChecks;
import io.vfio4j.conformance.harness.CheckContext;
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
 * Judges whether a device migrates as the protocol says.
 *
 * <p>
 * The device loses its state: it is reset at once, and before each check.
 */
public final class ConformanceSuite {

  private final CheckContext context;
  private final ConformanceOptions options;
  private final ConformanceListener listener;
  /** Checks that failed, or whose matter made others fail. */
  private final Set<String> failed = new HashSet<>();
  /** Resets between checks that failed, by the check whose matter they are. */
  private final Map<String, Verdict> failedResets = new LinkedHashMap<>();
  private @Nullable DeviceLostException lossCause;

  private ConformanceSuite(CheckContext bench, ConformanceOptions options, ConformanceListener listener) {
    this.context = bench;
    this.options = options;
    this.listener = listener;
  }

  /**
   * Returns the checks that there are for a device with version 2 and these features, the dangerous ones included. A
   * migration region of version 1 has more.
   */
  public static List<Check> checks(MigrationFeatures features) {
    return CheckPlan.of(MigrationInterface.version2(features)).stream().map(PlannedCheck::check).toList();
  }

  /**
   * Judges a device.
   *
   * @param subject the device, freshly opened; it is in RUNNING afterwards if it can be brought there
   * @param options how to judge
   * @param listener hears of the progress
   * @return what was found
   * @throws DeviceException if the device does not even tell its state
   * @throws CancellationException if the listener cancelled it; the message says how far it came, and what the device is
   *     in
   */
  public static ConformanceReport run(DeviceUnderTest subject, ConformanceOptions options,
      ConformanceListener listener)
      throws DeviceException {
    Instant begun = Instant.now();
    long from = options.nanoTime().getAsLong();
    try (CheckContext bench = new CheckContext(subject, options)) {
      List<CheckResult> results = new ConformanceSuite(bench, options, listener).runAll();
      return new ConformanceReport(bench.device().identity(), bench.features(), begun,
          Duration.ofNanos(options.nanoTime().getAsLong() - from), options.groups(), results);
    }
  }

  private List<CheckResult> runAll() {
    List<PlannedCheck> plan = CheckPlan.of(MigrationInterface.of(context.probe())).stream()
        .filter(planned -> options.groups().contains(planned.check().group()) || planned.isLast()).toList();
    listener.started(plan.size());
    List<CheckResult> results = new ArrayList<>();
    for (PlannedCheck planned : plan) {
      if (listener.isCancelled()) {
        throw new CancellationException(
            "cancelled after %d of %d checks; %s".formatted(results.size(), plan.size(),
                context.resetAndDescribe()));
      }
      listener.started(planned.check());
      long begun = options.nanoTime().getAsLong();
      Verdict verdict = runCheck(planned);
      CheckResult result = new CheckResult(planned.check(), verdict,
          Duration.ofNanos(options.nanoTime().getAsLong() - begun));
      if (verdict instanceof Verdict.Failure) {
        failed.add(planned.check().id());
      }
      results.add(result);
      listener.finished(result);
    }
    return withFailedResets(results);
  }

  private Verdict runCheck(PlannedCheck planned) {
    DeviceLostException loss = lossCause;
    if (loss != null) {
      return new Verdict.NotApplicable("the device is gone: " + loss.getMessage());
    }
    if (planned.check().isDangerous() && !options.includesDangerous()) {
      return new Verdict.NotApplicable("it may do harm, and was not asked for");
    }
    try {
      Optional<VerdictException> unready = resetDevice();
      if (unready.isPresent()) {
        return notStarted(planned.check(), unready.get());
      }
      planned.experiment().run(context);
    } catch (VerdictException judgement) {
      context.drainDeviations();
      return verdict(planned.check(), judgement);
    } catch (DeviceLostException e) {
      lossCause = e;
      return new Verdict.Failure("the device answers", String.valueOf(e.getMessage()));
    } catch (DeviceException e) {
      context.drainDeviations();
      return new Verdict.Failure("no failure while this was checked", String.valueOf(e.getMessage()));
    }
    List<String> deviations = context.drainDeviations();
    return deviations.isEmpty() ? new Verdict.Pass() : new Verdict.Deviation(String.join("; ", deviations));
  }

  /** Resets the device for a check; what is wrong with that is not the check's matter. */
  private Optional<VerdictException> resetDevice() throws DeviceException {
    try {
      context.resetDevice();
      return Optional.empty();
    } catch (VerdictException unready) {
      context.drainDeviations();
      return Optional.of(unready);
    }
  }

  /** The reset has failed, and with it the check whose matter that is: this one, another one, or one that is not run. */
  private Verdict notStarted(Check check, VerdictException unready) {
    String cause = unready.blockedBy().orElse(ResetChecks.FROM_RUNNING);
    if (cause.equals(check.id()) || check(cause).isEmpty()) {
      return unready.verdict();
    }
    failed.add(cause);
    failedResets.putIfAbsent(cause, unready.verdict());
    return new Verdict.NotApplicable("it needs what failed in " + cause);
  }

  /** Sees to it that each reset that failed between checks is a failure of its own check, which may have passed before. */
  private List<CheckResult> withFailedResets(List<CheckResult> results) {
    List<CheckResult> all = new ArrayList<>(results);
    failedResets.forEach((id, verdict) -> {
      boolean isTold = results.stream()
          .anyMatch(result -> result.check().id().equals(id) && result.verdict() instanceof Verdict.Failure);
      if (!isTold) {
        all.removeIf(result -> result.check().id().equals(id));
        CheckResult result = new CheckResult(check(id).orElseThrow(), verdict, Duration.ZERO);
        all.add(result);
        listener.finished(result);
      }
    });
    return all;
  }

  private Optional<Check> check(String id) {
    return CheckPlan.of(MigrationInterface.of(context.probe())).stream().map(PlannedCheck::check)
        .filter(check -> check.id().equals(id)).findFirst();
  }

  /** One cause is to be one failure: what has been found already is not counted again. */
  private Verdict verdict(Check check, VerdictException judgement) {
    Optional<String> cause = judgement.blockedBy().filter(id -> !id.equals(check.id()));
    if (cause.isPresent() && !failed.add(cause.get())) {
      return new Verdict.NotApplicable("it needs what failed in " + cause.get());
    }
    return judgement.verdict();
  }
}
