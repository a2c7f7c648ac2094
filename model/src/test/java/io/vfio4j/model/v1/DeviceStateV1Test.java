// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.v1;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vfio4j.model.DeviceState;
import io.vfio4j.model.MigrationFeature;
import io.vfio4j.model.MigrationFeatures;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DeviceStateV1Test {

  /**
   * Every value of the known bits: whether it is valid, writable with NDMA and without, its name, and its
   * effective value.
   */
  @ParameterizedTest
  @CsvSource(quoteCharacter = '\'', textBlock = """
      0,  true,  true,  true,  STOP,                          0
      1,  true,  true,  true,  RUNNING,                       1
      2,  true,  true,  true,  STOP_COPY,                     2
      3,  true,  true,  true,  PRE_COPY,                      3
      4,  true,  true,  true,  RESUMING,                      4
      5,  false, false, false, RUNNING|RESUMING,              5
      6,  true,  false, false, ERROR,                         6
      7,  false, false, false, RUNNING|SAVING|RESUMING,       7
      8,  true,  true,  false, STOP+NDMA,                     0
      9,  true,  true,  false, RUNNING+NDMA,                  9
      10, true,  true,  false, STOP_COPY+NDMA,                2
      11, true,  true,  false, PRE_COPY+NDMA,                 11
      12, true,  true,  false, RESUMING+NDMA,                 4
      13, false, false, false, RUNNING|RESUMING|NDMA,         13
      14, false, false, false, SAVING|RESUMING|NDMA,          6
      15, false, false, false, RUNNING|SAVING|RESUMING|NDMA,  15
      """)
  void interpretsEveryValueAsSpecified(int value, boolean valid, boolean withNdma, boolean without,
      String name, int effective) {
    DeviceStateV1 state = new DeviceStateV1(value);

    assertThat(state.isValid()).isEqualTo(valid);
    assertThat(state.isWritable(true)).isEqualTo(withNdma);
    assertThat(state.isWritable(false)).isEqualTo(without);
    assertThat(state).hasToString(name);
    assertThat(DeviceStateV1.parse(name)).isEqualTo(state);
    assertThat(DeviceStateV1.parse(String.valueOf(value))).isEqualTo(state);
    assertThat(state.effective().bits()).isEqualTo(effective);
    assertThat(state.isRunning()).isEqualTo((value & 1) != 0);
    assertThat(state.isSaving()).isEqualTo((value & 2) != 0 && value != 6);
    assertThat(state.isResuming()).isEqualTo((value & 4) != 0 && value != 6);
    assertThat(state.hasNdma()).isEqualTo((value & 8) != 0);
    assertThat(state.isError()).isEqualTo(value == 6);
  }

  @Test
  void keepsReservedBits() {
    for (int bits = 0; bits < 16; bits++) {
      DeviceStateV1 plain = new DeviceStateV1(bits);
      DeviceStateV1 read = new DeviceStateV1(0x8000_0010 | bits);

      assertThat(read.isValid()).isEqualTo(plain.isValid());
      assertThat(read.isError()).isEqualTo(plain.isError());
      assertThat(read.effective()).isEqualTo(plain.effective());
      assertThat(read.with(DeviceStateV1.PRE_COPY).value()).isEqualTo(0x8000_0013);
      assertThat(read).hasToString(plain + " (reserved bits 0x80000010)");
    }
  }

  @ParameterizedTest
  @CsvSource(quoteCharacter = '"', textBlock = """
      SAVING|RUNNING,                3
      RUNNING | SAVING,              3
      running|saving|ndma,           11
      saving+running+NDMA,           11
      SAVING|!RUNNING,               2
      !RUNNING,                      0
      pre-copy,                      3
      PreCopy,                       3
      PRE_COPY+NDMA,                 11
      pre_copy_p2p,                  11
      running-p2p,                   9
      stop copy,                     2
      VFIO_DEVICE_STATE_RESUMING,    4
      VFIO_DEVICE_STATE_V1_SAVING,   2
      stop,                          0
      STOP|NDMA,                     8
      error,                         6
      SAVING|RESUMING,               6
      0x0b,                          11
      4294967295,                    -1
      """)
  void parsesCommonSpellings(String text, int value) {
    assertThat(DeviceStateV1.parse(text).value()).isEqualTo(value);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "|", "walking", "STOP|RUNNING", "PRE_COPY+SAVING", "RUNNING|!RUNNING",
      "4294967296",
      "0xfffffffff", "12x", "-1", "RUNNING||SAVING"})
  void rejectsInvalidText(String text) {
    assertThatThrownBy(() -> DeviceStateV1.parse(text)).isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @CsvSource({"stop-copy,STOP_COPY", "PRE_COPY_P2P,PRE_COPY_P2P", "running p2p,RUNNING_P2P",
      "VFIO_DEVICE_STATE_PRE_COPY,PRE_COPY", "Error,ERROR"})
  void parsesVersion2States(String text, DeviceState state) {
    assertThat(DeviceState.parse(text)).isEqualTo(state);
  }

  @Test
  void parsesFeatureList() {
    assertThat(MigrationFeatures.parse("")).isEqualTo(MigrationFeatures.of());
    assertThat(MigrationFeatures.parse("stop_copy,p2p, pre-copy")).isEqualTo(MigrationFeatures.ALL);
    assertThat(MigrationFeatures.parse("P2P")).isEqualTo(MigrationFeatures.of(MigrationFeature.P2P));
    assertThatThrownBy(() -> MigrationFeatures.parse("p3p")).hasMessageContaining("unknown feature p3p");
    assertThatThrownBy(() -> DeviceState.parse("halt")).hasMessageContaining("unknown device state halt");
  }
}
