// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.v1;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.model.DeviceState;
import io.vfio4j.model.MigrationFeatures;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class VersionMappingTest {

  @ParameterizedTest
  @CsvSource({"0,STOP", "1,RUNNING", "2,STOP_COPY", "3,PRE_COPY", "4,RESUMING", "6,ERROR", "8,STOP",
      "9,RUNNING_P2P",
      "10,STOP_COPY", "11,PRE_COPY_P2P", "12,RESUMING", "0x7ffffff9,RUNNING_P2P"})
  void mapsValidValues(String value, DeviceState state) {
    assertThat(VersionMapping.toV2(DeviceStateV1.parse(value)).match()).contains(state);
  }

  @ParameterizedTest
  @ValueSource(ints = {5, 7, 13, 14, 15})
  void mapsNoInvalidValue(int value) {
    assertThat(VersionMapping.toV2(new DeviceStateV1(value)))
        .isInstanceOfSatisfying(StateMapping.NoMatch.class,
            none -> assertThat(none.reason()).contains("not a valid"));
  }

  @ParameterizedTest
  @EnumSource
  void roundTripsVersion2States(DeviceState state) {
    DeviceStateV1 same = VersionMapping.toV1(state, true).match().orElseThrow();

    assertThat(VersionMapping.toV2(same).match()).contains(state);
    assertThat(VersionMapping.toV1(state, false).match().isPresent()).isEqualTo(!state.isPeerQuiescent());
  }

  @Test
  void describesDifferences() {
    assertThat(differenceOf(DeviceStateV1.RUNNING_NDMA))
        .hasValueSatisfying(d -> assertThat(d).contains("all DMA"));
    assertThat(differenceOf(new DeviceStateV1(8)))
        .hasValueSatisfying(d -> assertThat(d).contains("no effect"));
    assertThat(differenceOf(DeviceStateV1.PRE_COPY)).isEmpty();
  }

  private static Optional<String> differenceOf(DeviceStateV1 state) {
    return switch (VersionMapping.toV2(state)) {
      case StateMapping.Match<DeviceState>(DeviceState _, Optional<String> difference) -> difference;
      case StateMapping.NoMatch<DeviceState>(String reason) -> throw new AssertionError(reason);
    };
  }

  @Test
  void allowsStopCopyToPreCopyInVersion1Only() {
    ArcV1 back = ArcV1.parse("STOP_COPY>PRE_COPY");

    assertThat(VersionMapping.toV2(back, MigrationFeatures.ALL)).isEqualTo(
        new StateMapping.NoMatch<DeviceState>("version 2 does not allow STOP_COPY back to pre-copy"));
    assertThat(VersionMapping.toV2(back, MigrationFeatures.of()))
        .isEqualTo(new StateMapping.NoMatch<DeviceState>("the device lacks PRE_COPY"));
    assertThat(VersionMapping.toV2(ArcV1.parse("RUNNING>STOP_COPY"), MigrationFeatures.of()).match())
        .contains(DeviceState.STOP_COPY);
  }

  @Test
  void mapsRequestsToArcs() {
    assertThat(VersionMapping.toV1(DeviceState.RUNNING, DeviceState.PRE_COPY_P2P, true).match())
        .contains(ArcV1.parse("RUNNING>PRE_COPY+NDMA"));
    assertThat(VersionMapping.toV1(DeviceState.RUNNING, DeviceState.PRE_COPY_P2P, false).match()).isEmpty();
    assertThat(VersionMapping.toV1(DeviceState.RUNNING_P2P, DeviceState.RUNNING, false).match()).isEmpty();
    assertThat(VersionMapping.toV1(DeviceState.ERROR, DeviceState.RUNNING, true).match()).isEmpty();
    assertThat(VersionMapping.toV1(DeviceState.STOP, DeviceState.STOP, true).match()).isEmpty();
  }
}
