// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import static io.vfio4j.model.MigrationFeature.P2P;
import static io.vfio4j.model.MigrationFeature.PRE_COPY;
import static io.vfio4j.model.MigrationFeature.STOP_COPY;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;

class MigrationFeaturesTest {

  static final List<MigrationFeatures> FEATURE_SETS = ShortestPaths.FEATURE_SETS;

  @Test
  void matchesKernelFlags() {
    assertThat(STOP_COPY.flag()).isEqualTo(1);
    assertThat(P2P.flag()).isEqualTo(2);
    assertThat(PRE_COPY.flag()).isEqualTo(4);
    assertThat(MigrationFeatures.ALL.flags()).isEqualTo(7);
    assertThat(MigrationFeatures.NONE.flags()).isZero();
  }

  @ParameterizedTest
  @FieldSource("FEATURE_SETS")
  void roundTripsFlags(MigrationFeatures features) {
    assertThat(MigrationFeatures.fromFlags(features.flags())).isEqualTo(features);
  }

  @Test
  void ignoresUnknownFlags() {
    assertThat(MigrationFeatures.fromFlags(3 | 8 | 1L << 40 | Long.MIN_VALUE))
        .isEqualTo(MigrationFeatures.of(P2P));
    assertThat(MigrationFeatures.fromFlags(-1)).isEqualTo(MigrationFeatures.ALL);
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 2, 4, 6, 8, -2})
  void cannotMigrateWithoutStopCopy(long flags) {
    assertThat(MigrationFeatures.fromFlags(flags)).isEqualTo(MigrationFeatures.NONE);
    assertThat(MigrationFeatures.NONE.canMigrate()).isFalse();
    assertThatIllegalArgumentException().isThrownBy(() -> new MigrationFeatures(Set.of(P2P)))
        .withMessage("STOP_COPY is mandatory, but missing from [P2P]");
  }

  @Test
  void requiresStopCopy() {
    assertThat(MigrationFeatures.of().set()).containsExactly(STOP_COPY);
    assertThat(MigrationFeatures.of(P2P).set()).containsExactlyInAnyOrder(STOP_COPY, P2P);
    assertThat(MigrationFeatures.of(P2P).has(P2P)).isTrue();
    assertThat(MigrationFeatures.of(P2P).has(PRE_COPY)).isFalse();
    assertThat(MigrationFeatures.of().canMigrate()).isTrue();
  }

  @Test
  void formatsInFlagOrder() {
    assertThat(MigrationFeatures.of(PRE_COPY, P2P)).hasToString("STOP_COPY+P2P+PRE_COPY");
    assertThat(MigrationFeatures.of()).hasToString("STOP_COPY");
    assertThat(MigrationFeatures.NONE).hasToString("none");
  }

  @Test
  void supportsStatesOfItsFeatures() {
    assertThat(statesOf(MigrationFeatures.NONE)).containsExactly(DeviceState.RUNNING);
    assertThat(statesOf(MigrationFeatures.of())).containsExactly(DeviceState.ERROR, DeviceState.STOP,
        DeviceState.RUNNING, DeviceState.STOP_COPY, DeviceState.RESUMING);
    assertThat(statesOf(MigrationFeatures.of(P2P))).hasSize(6).contains(DeviceState.RUNNING_P2P);
    assertThat(statesOf(MigrationFeatures.of(PRE_COPY))).hasSize(6).contains(DeviceState.PRE_COPY);
    assertThat(statesOf(MigrationFeatures.ALL)).containsExactly(DeviceState.values());
  }

  private static Stream<DeviceState> statesOf(MigrationFeatures features) {
    return Stream.of(DeviceState.values()).filter(features::supports);
  }
}
