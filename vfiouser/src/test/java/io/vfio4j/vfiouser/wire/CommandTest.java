// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.wire;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Declarations of commands and of features. */
class CommandTest {

  @ParameterizedTest
  @EnumSource
  void findsCommandByItsNumber(Command command) {
    assertThat(command.wireValue()).isBetween(1, 0xffff);
    assertThat(Command.fromWire(command.wireValue())).isSameAs(command);
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 0, 14, 31, 32, 0x7fff, 0xffff, Integer.MAX_VALUE, Integer.MIN_VALUE})
  void findsNothingForOtherNumbers(int number) {
    assertThat(Command.fromWire(number)).isNull();
  }

  @ParameterizedTest
  @EnumSource
  void decodesAnyBody(Command command) {
    try (Arena arena = Arena.ofConfined()) {
      for (int size : new int[] {0, 1, 8, 24, 64}) {
        for (int fill : new int[] {0, 0xff}) {
          MemorySegment body = arena.allocate(size).fill((byte) fill);
          assertThat(command.layout().fieldsWithin(body)).allSatisfy(field -> {
            assertThat(field.end()).isLessThanOrEqualTo(size);
            assertThat(field.text(body)).isNotEmpty();
          });
        }
      }
    }
  }

  @Test
  void namesEveryFeature() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment body = arena.allocate(64);
      for (DeviceFeature feature : DeviceFeature.values()) {
        int index = feature.index();
        assertThat(DeviceFeature.fromIndex(index)).isSameAs(feature);
        body.set(LittleEndian.U32, Structs.Feature.FLAGS, index | Structs.Feature.GET);
        assertThat(Command.DEVICE_FEATURE.layout().fieldsWithin(body).get(1).text(body))
            .isEqualTo(feature + "|get");
      }
    }
  }
}
