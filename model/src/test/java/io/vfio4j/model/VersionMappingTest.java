// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import static org.assertj.core.api.Assertions.assertThat;

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
  void aValidValueIsAStateOfVersion2(String value, DeviceState state) {
    assertThat(VersionMapping.toV2(DeviceStateV1.parse(value)).found()).contains(state);
  }

  @ParameterizedTest
  @ValueSource(ints = {5, 7, 13, 14, 15})
  void anInvalidValueHasNoCounterpart(int value) {
    assertThat(VersionMapping.toV2(new DeviceStateV1(value)))
        .isInstanceOfSatisfying(Counterpart.None.class,
            none -> assertThat(none.reason()).contains("not a valid"));
  }

  @ParameterizedTest
  @EnumSource
  void everyStateOfVersion2GoesThereAndBack(DeviceState state) {
    DeviceStateV1 same = VersionMapping.toV1(state, true).found().orElseThrow();

    assertThat(VersionMapping.toV2(same).found()).contains(state);
    assertThat(VersionMapping.toV1(state, false).found().isPresent()).isEqualTo(!state.isPeerQuiescent());
  }

  @Test
  void whatIsNotQuiteTheSameSaysSo() {
    assertThat(differenceOf(DeviceStateV1.RUNNING_NDMA))
        .hasValueSatisfying(d -> assertThat(d).contains("all DMA"));
    assertThat(differenceOf(new DeviceStateV1(8)))
        .hasValueSatisfying(d -> assertThat(d).contains("means nothing"));
    assertThat(differenceOf(DeviceStateV1.PRE_COPY)).isEmpty();
  }

  private static Optional<String> differenceOf(DeviceStateV1 state) {
    return switch (VersionMapping.toV2(state)) {
      case Counterpart.Found<DeviceState>(DeviceState _, Optional<String> difference) -> difference;
      case Counterpart.None<DeviceState>(String reason) -> throw new AssertionError(reason);
    };
  }

  @Test
  void theWayBackFromStopCopyExistsInVersion1Alone() {
    ArcV1 back = ArcV1.parse("STOP_COPY>PRE_COPY");

    assertThat(VersionMapping.toV2(back, MigrationFeatures.ALL)).isEqualTo(
        new Counterpart.None<DeviceState>("version 2 blocks the way back from STOP_COPY to pre-copy"));
    assertThat(VersionMapping.toV2(back, MigrationFeatures.of()))
        .isEqualTo(new Counterpart.None<DeviceState>("the device lacks PRE_COPY"));
    assertThat(VersionMapping.toV2(ArcV1.parse("RUNNING>STOP_COPY"), MigrationFeatures.of()).found())
        .contains(DeviceState.STOP_COPY);
  }

  @Test
  void requestsOfVersion2AreArcsOfVersion1() {
    assertThat(VersionMapping.toV1(DeviceState.RUNNING, DeviceState.PRE_COPY_P2P, true).found())
        .contains(ArcV1.parse("RUNNING>PRE_COPY+NDMA"));
    assertThat(VersionMapping.toV1(DeviceState.RUNNING, DeviceState.PRE_COPY_P2P, false).found()).isEmpty();
    assertThat(VersionMapping.toV1(DeviceState.RUNNING_P2P, DeviceState.RUNNING, false).found()).isEmpty();
    assertThat(VersionMapping.toV1(DeviceState.ERROR, DeviceState.RUNNING, true).found()).isEmpty();
    assertThat(VersionMapping.toV1(DeviceState.STOP, DeviceState.STOP, true).found()).isEmpty();
  }
}
