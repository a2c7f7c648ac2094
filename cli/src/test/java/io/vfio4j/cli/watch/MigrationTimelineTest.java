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

  /** A migration begins before its first event: the clock is the migration's, not the listener's. */
  @Test
  void startsAtStartOfMigration() {
    Duration before = Duration.ofMinutes(1);
    MigrationTimeline story = new MigrationTimeline();
    story.on(new MigrationEvent.PhaseStart(before, Side.SOURCE, new Phase.PreCopy(1), "why"));

    assertThat(story.phases()).singleElement().extracting(MigrationTimeline.PhaseEntry::at)
        .matches(at -> at.compareTo(before) >= 0, "not before " + before);
    assertThat(story.elapsed()).isGreaterThanOrEqualTo(before);
    assertThat(story.startTime()).isBeforeOrEqualTo(Instant.now().minus(before));
  }
}
