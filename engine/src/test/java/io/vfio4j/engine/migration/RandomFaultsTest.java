// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.migration;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.Outcome;
import io.vfio4j.engine.policy.DowntimePolicy;
import io.vfio4j.engine.policy.WhenNotConverging;
import io.vfio4j.model.Arc;
import io.vfio4j.model.Errno;
import io.vfio4j.model.MigrationFeature;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.testkit.Fault;
import io.vfio4j.testkit.Seeds;
import java.time.Duration;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Migrations between devices with random faults. */
class RandomFaultsTest {

  private static final List<MigrationFeatures> FEATURES = List.of(MigrationFeatures.of(),
      MigrationFeatures.of(MigrationFeature.P2P), MigrationFeatures.of(MigrationFeature.PRE_COPY),
      MigrationFeatures.ALL);

  private static final List<Errno> ERRNOS = List.of(Errno.EIO, Errno.EINVAL, Errno.ENOMEM, Errno.EBUSY);

  @Test
  void keepsInvariants() {
    Seeds.forEach(1500, random -> {
      MigrationTrial trial = new MigrationTrial();
      MigrationFeatures features = FEATURES.get(random.nextInt(FEATURES.size()));
      trial.options = MigrationTrial.PATIENT.withPreCopy(random.nextBoolean())
          .withPolicy(new DowntimePolicy(Duration.ofSeconds(10), WhenNotConverging.ABORT));
      trial.sourceSettings = trial.sourceSettings.withFeatures(features)
          .withChanges(random.nextInt(3), 50 + random.nextInt(800))
          .withClock(trial.clock, 100_000).withEstimates(random.nextBoolean(), random.nextBoolean())
          .withFaults(draw(random, features));
      trial.targetSettings = trial.targetSettings.withFeatures(features).withFaults(draw(random, features));
      trial.run();
      if (trial.report().isEmpty()) {
        checkFailed(trial);
      }
    });
  }

  private static void checkFailed(MigrationTrial trial) {
    MigrationException failure = trial.failure();
    assertThat(failure).hasMessageContaining(trial.source().identity().name());
    assertThat(failure.getCause()).isNotNull();
    if (trial.targetRunsWithState()) {
      assertThat(failure.outcome()).isEqualTo(Outcome.UNKNOWN);
    }
  }

  private static Fault[] draw(RandomGenerator random, MigrationFeatures features) {
    return IntStream.range(0, random.nextInt(3)).mapToObj(_ -> drawOne(random, features))
        .toArray(Fault[]::new);
  }

  private static Fault drawOne(RandomGenerator random, MigrationFeatures features) {
    List<Arc> arcs = Arc.of(features);
    Arc arc = arcs.get(random.nextInt(arcs.size()));
    Errno errno = ERRNOS.get(random.nextInt(ERRNOS.size()));
    return switch (random.nextInt(9)) {
      case 0 -> new Fault.ReadFailure(random.nextInt(2000), errno);
      case 1 -> new Fault.WriteFailure(random.nextInt(2000), errno);
      case 2 -> new Fault.StreamTruncation(random.nextInt(2000));
      case 3 -> new Fault.LossAtCall(1 + random.nextInt(40));
      case 4 -> new Fault.LossAtArc(arc);
      case 5 -> new Fault.ResetFailure(errno, random.nextInt(2));
      case 6 -> new Fault.StopCopyOverrun(random.nextInt(3000));
      case 7 -> new Fault.ArcDelay(arc, Duration.ofSeconds(random.nextInt(90)));
      default -> new Fault.ArcFailure(arc, errno, random.nextBoolean(), 1 + random.nextInt(3));
    };
  }
}
