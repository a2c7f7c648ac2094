// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.migration;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.engine.DowntimeParts;
import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.MigrationReport;
import io.vfio4j.engine.policy.DowntimePolicy;
import io.vfio4j.engine.policy.WhenNotConverging;
import io.vfio4j.model.Arc;
import io.vfio4j.model.DeviceState;
import io.vfio4j.testkit.Fault;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The predictions of the rounds; nothing is stopped if the prediction exceeds the limit. */
class PredictedDowntimeTest {

  private static final Duration TO_PRE_COPY = Duration.ofMillis(400);
  private static final Duration TO_RESUMING = Duration.ofMillis(200);

  private final MigrationTrial trial = new MigrationTrial();
  private final List<Duration> predictions = new ArrayList<>();

  PredictedDowntimeTest() {
    trial.sourceSettings = trial.sourceSettings.withChanges(0, 300)
        .withFaults(new Fault.ArcDelay(new Arc(DeviceState.RUNNING, DeviceState.PRE_COPY), TO_PRE_COPY));
    trial.targetSettings = trial.targetSettings
        .withFaults(new Fault.ArcDelay(new Arc(DeviceState.STOP, DeviceState.RESUMING), TO_RESUMING));
  }

  private MigrationOptions options(Duration limit) {
    DowntimePolicy policy = new DowntimePolicy(Duration.ofMinutes(1), WhenNotConverging.ABORT);
    return MigrationTrial.PATIENT.withMaxDowntime(limit).withPolicy(facts -> {
      predictions.add(facts.predictedDowntime());
      return policy.decide(facts);
    });
  }

  @Test
  void abortsWithoutPauseWhenLimitIsUnreachable() {
    trial.options = options(Duration.ofNanos(1000));
    MigrationException e = trial.run().failure();
    assertThat(e).hasMessageContaining("the switchover would still take");
    assertThat(trial.workload).isEmpty();
    assertThat(trial.sourceActs()).containsExactly("PRE_COPY", "RUNNING");
    assertThat(predictions).hasSizeGreaterThan(100)
        .allSatisfy(
            time -> assertThat(time).isGreaterThanOrEqualTo(TO_PRE_COPY.plus(TO_RESUMING).dividedBy(2)));
  }

  @Test
  void reportsPredictionByParts() {
    trial.options = options(Duration.ofSeconds(10));
    MigrationReport report = trial.run().success();
    DowntimeParts predicted = report.predictedParts().orElseThrow();
    assertThat(predicted.durations()).containsOnlyKeys(DowntimeParts.Part.STOPPING,
        DowntimeParts.Part.SENDING,
        DowntimeParts.Part.LOADING, DowntimeParts.Part.STARTING);
    assertThat(predicted.durations().get(DowntimeParts.Part.STOPPING))
        .isGreaterThanOrEqualTo(TO_PRE_COPY.dividedBy(2));
    assertThat(report.predictedDowntime()).contains(predictions.getLast());
  }
}
