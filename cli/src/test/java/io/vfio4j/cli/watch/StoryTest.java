// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.watch;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.engine.MigrationEvent;
import io.vfio4j.engine.Phase;
import io.vfio4j.engine.Side;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class StoryTest {

  /** A migration begins before its first event: the clock is the migration's, not the listener's. */
  @Test
  void beginsWhenTheMigrationDid() {
    Duration before = Duration.ofMinutes(1);
    Story story = new Story();
    story.on(new MigrationEvent.PhaseStart(before, Side.SOURCE, new Phase.PreCopy(1), "why"));

    assertThat(story.phases()).singleElement().extracting(Story.Entered::at)
        .matches(at -> at.compareTo(before) >= 0, "not before " + before);
    assertThat(story.now()).isGreaterThanOrEqualTo(before);
    assertThat(story.began()).isBeforeOrEqualTo(Instant.now().minus(before));
  }
}
