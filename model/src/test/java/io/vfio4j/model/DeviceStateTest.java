// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DeviceStateTest {

  /** {@code enum vfio_device_mig_state} of uapi/linux/vfio.h. */
  @ParameterizedTest
  @CsvSource({"0, ERROR", "1, STOP", "2, RUNNING", "3, STOP_COPY", "4, RESUMING", "5, RUNNING_P2P",
      "6, PRE_COPY",
      "7, PRE_COPY_P2P"})
  void matchesKernelNumbers(int number, DeviceState state) {
    assertThat(state.wireValue()).isEqualTo(number);
    assertThat(DeviceState.fromWire(number)).contains(state);
  }

  @ParameterizedTest
  @ValueSource(ints = {8, 9, -1, 256, Integer.MAX_VALUE, Integer.MIN_VALUE})
  void rejectsUnknownNumbers(int number) {
    assertThat(DeviceState.fromWire(number)).isEmpty();
  }

  @Test
  void groupsStatesAsSpecified() {
    assertThat(Stream.of(DeviceState.values()).filter(DeviceState::isRunning)).containsExactly(
        DeviceState.RUNNING, DeviceState.RUNNING_P2P, DeviceState.PRE_COPY, DeviceState.PRE_COPY_P2P);
    assertThat(Stream.of(DeviceState.values()).filter(DeviceState::isSaving)).containsExactly(
        DeviceState.STOP_COPY, DeviceState.PRE_COPY, DeviceState.PRE_COPY_P2P);
    assertThat(Stream.of(DeviceState.values()).filter(DeviceState::isPeerQuiescent)).containsExactly(
        DeviceState.RUNNING_P2P, DeviceState.PRE_COPY_P2P);
  }
}
