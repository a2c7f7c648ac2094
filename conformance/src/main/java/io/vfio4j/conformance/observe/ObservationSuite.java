// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.observe;

import io.vfio4j.conformance.ConformanceListener;
import io.vfio4j.conformance.harness.Expect;
import io.vfio4j.conformance.harness.VerdictException;
import io.vfio4j.conformance.report.Check;
import io.vfio4j.conformance.report.CheckGroup;
import io.vfio4j.conformance.report.CheckResult;
import io.vfio4j.conformance.report.ConformanceReport;
import io.vfio4j.conformance.report.Verdict;
import io.vfio4j.conformance.setup.DeviceUse;
import io.vfio4j.conformance.setup.ObservationOptions;
import io.vfio4j.conformance.setup.ObservedDevice;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceIdentity;
import io.vfio4j.model.DeviceLostException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.MigrationFeatures;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;

/**
 * Checks a device while a VMM is using it, through the control socket of its server.
 *
 * <p>
 * The device keeps its state: it is not reset, no state is loaded, and its registers are not accessed. After each
 * check it is returned to RUNNING, and must be as before, and the connection of its VMM too. Only a check that the
 * options permit stops it for a short time.
 */
public final class ObservationSuite {

  private final ObservationContext context;
  private final ConformanceListener listener;
  private @Nullable DeviceLostException lossCause;

  private ObservationSuite(ObservationContext context, ConformanceListener listener) {
    this.context = context;
    this.listener = listener;
  }

  /** Returns the checks. */
  public static List<Check> checks() {
    return ObservationPlan.create().stream().map(PlannedObservation::check).toList();
  }

  /**
   * Runs the suite.
   *
   * @param observed the device, just opened; it stays the caller's
   * @param options what the checks may do
   * @param listener receives the progress
   * @return the results
   * @throws DeviceException if the server does not answer
   * @throws CancellationException if the listener cancelled the suite; the device is in RUNNING if it was before
   */
  public static ObservationReport run(ObservedDevice observed, ObservationOptions options,
      ConformanceListener listener) throws DeviceException {
    Instant startTime = Instant.now();
    DeviceIdentity identity = observed.device().identity();
    MigrationFeatures features = observed.device().features();
    try (ObservationContext context = new ObservationContext(observed, options)) {
      long start = context.timer().now();
      DeviceUse use = context.baseline().use();
      List<CheckResult> results = new ObservationSuite(context, listener).runAll();
      ConformanceReport report = new ConformanceReport(identity, features, startTime,
          Duration.ofNanos(context.timer().now() - start), Set.of(CheckGroup.IN_USE), results);
      return new ObservationReport(report, use, context.timer().longestCall(),
          context.timer().longestPause());
    }
  }

  private List<CheckResult> runAll() {
    List<PlannedObservation> plan = ObservationPlan.create();
    listener.suiteStarted(plan.size());
    List<CheckResult> results = new ArrayList<>();
    for (PlannedObservation planned : plan) {
      if (listener.isCancelled()) {
        throw new CancellationException(
            "cancelled after %d of %d checks".formatted(results.size(), plan.size()));
      }
      listener.checkStarted(planned.check());
      long start = context.timer().now();
      Verdict verdict = judge(planned);
      CheckResult result =
          new CheckResult(planned.check(), verdict, Duration.ofNanos(context.timer().now() - start));
      results.add(result);
      listener.checkFinished(result);
    }
    return results;
  }

  private Verdict judge(PlannedObservation planned) {
    if (lossCause != null) {
      return new Verdict.NotApplicable("the server is lost: " + lossCause.getMessage());
    }
    try {
      Snapshot before = context.snapshot();
      if (before.state() != DeviceState.RUNNING) {
        // Something else moves the device: nothing may touch it.
        return planned.check().name().equals(QueryChecks.STATE) ? runBody(planned)
            : new Verdict.NotApplicable("the device is in " + before.state());
      }
      context.recordDrift(before);
      Verdict verdict = runBody(planned);
      Optional<DeviceException> unsettled = Expect.failureOf(context::settle);
      Snapshot after = context.snapshot();
      context.rebase(after);
      if (verdict instanceof Verdict.Failure) {
        return verdict;
      }
      return unsettled.isPresent()
          ? new Verdict.Failure("the device returns to RUNNING after the check",
              String.valueOf(unsettled.get().getMessage()))
          : withDisturbance(verdict, before, after);
    } catch (DeviceLostException e) {
      lossCause = e;
      return new Verdict.Failure("the server answers", String.valueOf(e.getMessage()));
    } catch (DeviceException e) {
      return new Verdict.Failure("the server answers", String.valueOf(e.getMessage()));
    }
  }

  private Verdict runBody(PlannedObservation planned) throws DeviceLostException {
    try {
      planned.body().run(context);
      return passOrDeviation(context.drainDeviations());
    } catch (VerdictException e) {
      context.drainDeviations();
      return e.verdict();
    } catch (DeviceLostException e) {
      throw e;
    } catch (DeviceException e) {
      context.drainDeviations();
      return new Verdict.Failure("no failure during the check", String.valueOf(e.getMessage()));
    }
  }

  /** Adds to a verdict what else has changed since before the check. */
  private static Verdict withDisturbance(Verdict verdict, Snapshot before, Snapshot after) {
    try {
      List<String> changes = new ArrayList<>(Disturbance.find(before, after));
      if (changes.isEmpty()) {
        return verdict;
      }
      if (verdict instanceof Verdict.Deviation(String observed)) {
        changes.addFirst(observed);
      }
      return passOrDeviation(changes);
    } catch (VerdictException e) {
      return e.verdict();
    }
  }

  private static Verdict passOrDeviation(List<String> deviations) {
    return deviations.isEmpty() ? new Verdict.Pass() : new Verdict.Deviation(String.join("; ", deviations));
  }
}
