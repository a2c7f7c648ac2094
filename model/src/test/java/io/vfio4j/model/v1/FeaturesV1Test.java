// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.v1;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class FeaturesV1Test {

  private static Set<String> arcs(FeaturesV1 features) {
    return features.arcs().stream().map(ArcV1::toString).collect(Collectors.toSet());
  }

  @Test
  void hasNineMandatoryArcs() {
    assertThat(arcs(FeaturesV1.mandatory(false))).containsExactlyInAnyOrder(
        "RUNNING > STOP", "RUNNING > STOP_COPY", "RUNNING > RESUMING", "RUNNING > PRE_COPY",
        "STOP_COPY > STOP",
        "STOP_COPY > RUNNING", "RESUMING > RUNNING", "PRE_COPY > STOP_COPY", "PRE_COPY > RUNNING");
  }

  @Test
  void hasSevenMoreArcsWithNdma() {
    Set<String> more = arcs(FeaturesV1.mandatory(true));
    more.removeAll(arcs(FeaturesV1.mandatory(false)));

    assertThat(more).containsExactlyInAnyOrder(
        "PRE_COPY > PRE_COPY+NDMA", "PRE_COPY+NDMA > STOP_COPY", "PRE_COPY+NDMA > RUNNING",
        "PRE_COPY+NDMA > STOP", "RESUMING > RUNNING+NDMA", "RUNNING+NDMA > RUNNING", "RUNNING+NDMA > STOP");
  }

  @Test
  void parsesOptionalArcs() {
    FeaturesV1 features = FeaturesV1.parse("ndma, STOP_COPY>RESUMING, pre-copy > stop, RUNNING>STOP");

    assertThat(features.ndma()).isTrue();
    assertThat(features.optional()).containsExactlyInAnyOrder(ArcV1.parse("STOP_COPY>RESUMING"),
        ArcV1.parse("PRE_COPY>STOP"));
    assertThat(features.has(ArcV1.parse("RUNNING>STOP"))).isTrue();
    assertThat(features.has(ArcV1.parse("STOP>RUNNING"))).isFalse();
    assertThat(FeaturesV1.parse("")).isEqualTo(FeaturesV1.mandatory(false));
    assertThat(FeaturesV1.parse("all").arcs()).hasSize(20);
    assertThat(FeaturesV1.parse("all,ndma").arcs()).hasSize(42);
  }

  @Test
  void rejectsInvalidLists() {
    assertThatThrownBy(() -> FeaturesV1.parse("RUNNING>RUNNING+NDMA")).hasMessageContaining("needs ndma");
    assertThatThrownBy(() -> FeaturesV1.parse("RUNNING")).hasMessageContaining("is not an arc");
    assertThatThrownBy(() -> ArcV1.parse("RUNNING>ERROR")).hasMessageContaining("no write leads");
    assertThatThrownBy(() -> ArcV1.parse("STOP>STOP+NDMA")).hasMessageContaining("no write leads");
    assertThatThrownBy(() -> ArcV1.parse("A>B>C")).hasMessageContaining("is not an arc");
  }
}
