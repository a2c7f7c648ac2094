// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.watch;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.engine.MigrationEvent;
import io.vfio4j.engine.Phase;
import io.vfio4j.engine.Side;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class MigrationTimelineTest {

  /** The clock starts with the migration, which begins before its first event. */
  @Test
  void startsAtStartOfMigration() {
    Duration elapsed = Duration.ofMinutes(1);
    MigrationTimeline timeline = new MigrationTimeline();
    timeline.on(new MigrationEvent.PhaseStart(elapsed, Side.SOURCE, new Phase.PreCopy(1), "why"));

    assertThat(timeline.phases()).singleElement().extracting(MigrationTimeline.PhaseEntry::at)
        .matches(at -> at.compareTo(elapsed) >= 0, "at least " + elapsed);
    assertThat(timeline.elapsed()).isGreaterThanOrEqualTo(elapsed);
    assertThat(timeline.startTime()).isBeforeOrEqualTo(Instant.now().minus(elapsed));
  }
}
