// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.MigrationListener;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.MigrationReport;
import io.vfio4j.engine.Outcome;
import io.vfio4j.engine.Workload;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.MigratableDevice;
import io.vfio4j.model.region.RegionMigratableDevice;
import io.vfio4j.model.v1.FeaturesV1;
import io.vfio4j.testkit.Seeds;
import io.vfio4j.testkit.SimulatedDevice;
import io.vfio4j.testkit.SimulatedRegion;
import io.vfio4j.testkit.SimulatedSettings;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Devices with version 1: their segments arrive as they were saved. */
class SegmentsTest {

  private static final int WINDOW = 3000;

  /** A device with version 1, and the device behind it. */
  private static final class Version1 implements AutoCloseable {
    final SimulatedDevice behind;
    final SimulatedRegion region;
    final RegionMigratableDevice device;

    Version1(SimulatedSettings settings, int window, boolean fixed) {
      behind = settings.device();
      region = new SimulatedRegion(behind, window, true);
      device =
          new RegionMigratableDevice(behind.identity(), region, FeaturesV1.all(true), Optional.empty(),
              fixed);
    }

    @Override
    public void close() {
      device.close();
    }
  }

  private static SimulatedSettings source(long seed) {
    return SimulatedSettings.named("source").withContent(40, seed).withChanges(1, 700);
  }

  private static SimulatedSettings target() {
    return SimulatedSettings.named("target").withContent(40, 0);
  }

  private static MigrationReport migrate(MigratableDevice source, MigratableDevice target)
      throws MigrationException {
    return LocalMigration.run(source, target, MigrationTrial.PATIENT, Workload.NONE, MigrationListener.NONE);
  }

  @Test
  void preservesSegmentBoundaries() {
    Seeds.forEach(40, random -> {
      int window = random.nextInt(300, 5000);
      try (Version1 source = new Version1(source(random.nextLong()), window, true);
          Version1 target = new Version1(target(), window + random.nextInt(2), true)) {
        MigrationReport report = migrate(source.device, target.device);

        assertThat(target.behind.content()).isEqualTo(source.behind.content());
        assertThat(target.device.state()).isEqualTo(DeviceState.RUNNING);
        assertThat(target.region.segmentsWritten()).isEqualTo(source.region.segmentsRead())
            .hasSizeGreaterThan(1);
        assertThat(target.region.segmentsWritten().stream().mapToLong(Long::longValue).sum())
            .isEqualTo(report.bytes());
        assertThat(source.behind.openSessions() + target.behind.openSessions()).isZero();
      }
    });
  }

  /** Reads of at most 1 MiB, and a bandwidth limit that makes them smaller than a segment. */
  @Test
  void transfersSegmentsLongerThanRead() throws Exception {
    try (Version1 source = new Version1(source(1), 1 << 20, true);
        Version1 target = new Version1(target(), 1 << 20, true)) {
      MigrationOptions slow = MigrationTrial.PATIENT.withMaxBandwidth(1 << 20);
      LocalMigration.run(source.device, target.device, slow, Workload.NONE, MigrationListener.NONE);
      assertThat(target.behind.content()).isEqualTo(source.behind.content());
      assertThat(target.region.segmentsWritten()).isEqualTo(source.region.segmentsRead());
    }
  }

  @Test
  void resegmentsByteStreamBetweenVersions() throws Exception {
    try (Version1 source = new Version1(source(2), WINDOW, false);
        SimulatedDevice target = target().device()) {
      migrate(source.device, target);
      assertThat(target.content()).isEqualTo(source.behind.content());
    }
    try (SimulatedDevice source = source(3).device();
        Version1 target = new Version1(target(), 100, false)) {
      migrate(source, target.device);
      assertThat(target.behind.content()).isEqualTo(source.content());
      assertThat(target.region.segmentsWritten()).allMatch(size -> size <= 100);
    }
    try (Version1 source = new Version1(source(4), WINDOW, false);
        Version1 target = new Version1(target(), 100, false)) {
      migrate(source.device, target.device);
      assertThat(target.behind.content()).isEqualTo(source.behind.content());
    }
  }

  @Test
  void rejectsFixedSegmentsBetweenVersions() throws Exception {
    try (Version1 one = new Version1(source(5), WINDOW, true); SimulatedDevice two =
        target().device()) {
      assertRejected(one.device, two,
          "source is driven by version 1 of the migration interface and target by version 2");
      assertRejected(two, one.device,
          "target is driven by version 2 of the migration interface and source by version 1");
      assertThat(one.behind.operations()).isEmpty();
      assertThat(two.operations()).isEmpty();
    }
  }

  @Test
  void rejectsTooSmallTargetWindow() throws Exception {
    try (Version1 source = new Version1(source(6), WINDOW, true);
        Version1 target = new Version1(target(), WINDOW - 1, true)) {
      assertRejected(source.device, target.device,
          "source may send segments of 3032 bytes, and the migration region of target has room for 3031");
      assertThat(source.behind.operations()).isEmpty();
      assertThat(target.behind.operations()).isEmpty();
    }
  }

  private static void assertRejected(MigratableDevice source, MigratableDevice target, String words) {
    assertThatExceptionOfType(MigrationException.class).isThrownBy(() -> migrate(source, target))
        .satisfies(e -> {
          assertThat(e.outcome()).isEqualTo(Outcome.UNTOUCHED);
          assertThat(e).hasMessageContaining(words);
        });
  }

  /** The target's device has no segments, so the source must not send ends of segments. */
  @Test
  void rejectsUnexpectedSegmentEnd() {
    MigrationTrial trial = new MigrationTrial();
    trial.sourceTransport = SegmentEndRemover::new;
    MigrationException failure = trial.run().failure();
    assertThat(failure.outcome()).isEqualTo(Outcome.SOURCE_RUNNING);
    assertThat(failure).hasStackTraceContaining("a segment ends, although not both devices have segments");
  }
}
