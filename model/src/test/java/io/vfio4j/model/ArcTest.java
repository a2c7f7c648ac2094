// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import static io.vfio4j.model.MigrationFeature.P2P;
import static io.vfio4j.model.MigrationFeature.PRE_COPY;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class ArcTest {

  private static Stream<String> arcsOf(MigrationFeatures features) {
    return Arc.of(features).stream().map(Arc::toString);
  }

  @Test
  void hasNoArcsWithoutMigration() {
    assertThat(Arc.of(MigrationFeatures.NONE)).isEmpty();
  }

  @Test
  void hasSixArcsForStopCopyAlone() {
    assertThat(arcsOf(MigrationFeatures.of())).containsExactlyInAnyOrder(
        "RESUMING > STOP", "STOP > RESUMING", "STOP > STOP_COPY", "STOP_COPY > STOP",
        "RUNNING > STOP", "STOP > RUNNING");
  }

  @Test
  void reachesStopThroughRunningP2p() {
    assertThat(arcsOf(MigrationFeatures.of(P2P))).containsExactlyInAnyOrder(
        "RESUMING > STOP", "STOP > RESUMING", "STOP > STOP_COPY", "STOP_COPY > STOP",
        "RUNNING > RUNNING_P2P", "RUNNING_P2P > RUNNING", "RUNNING_P2P > STOP", "STOP > RUNNING_P2P");
  }

  @Test
  void reachesStopCopyFromPreCopy() {
    assertThat(arcsOf(MigrationFeatures.of(PRE_COPY))).containsExactlyInAnyOrder(
        "RESUMING > STOP", "STOP > RESUMING", "STOP > STOP_COPY", "STOP_COPY > STOP",
        "RUNNING > STOP", "STOP > RUNNING",
        "RUNNING > PRE_COPY", "PRE_COPY > RUNNING", "PRE_COPY > STOP_COPY");
  }

  @Test
  void reachesStopCopyThroughPreCopyP2p() {
    assertThat(arcsOf(MigrationFeatures.ALL)).containsExactlyInAnyOrder(
        "RESUMING > STOP", "STOP > RESUMING", "STOP > STOP_COPY", "STOP_COPY > STOP",
        "RUNNING > RUNNING_P2P", "RUNNING_P2P > RUNNING", "RUNNING_P2P > STOP", "STOP > RUNNING_P2P",
        "RUNNING > PRE_COPY", "PRE_COPY > RUNNING",
        "PRE_COPY > PRE_COPY_P2P", "PRE_COPY_P2P > PRE_COPY",
        "RUNNING_P2P > PRE_COPY_P2P", "PRE_COPY_P2P > RUNNING_P2P", "PRE_COPY_P2P > STOP_COPY");
  }

  @Test
  void opensAndEndsSessionsAsSpecified() {
    assertThat(Arc.of(MigrationFeatures.ALL).stream().filter(Arc::opensSaving).map(Arc::toString))
        .containsExactlyInAnyOrder("STOP > STOP_COPY", "RUNNING > PRE_COPY", "RUNNING_P2P > PRE_COPY_P2P");
    assertThat(Arc.of(MigrationFeatures.ALL).stream().filter(Arc::opensResuming).map(Arc::toString))
        .containsExactly("STOP > RESUMING");
    assertThat(Arc.of(MigrationFeatures.ALL).stream().filter(Arc::endsSession).map(Arc::toString))
        .containsExactlyInAnyOrder("RESUMING > STOP", "STOP_COPY > STOP", "PRE_COPY > RUNNING",
            "PRE_COPY_P2P > RUNNING_P2P");
  }
}
