// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

class TrafficSlotsTest {

  private static final int SLOTS = 16;

  private final MemorySegment memory = Arena.ofAuto().allocate(SLOTS * Long.BYTES);
  private final TrafficSlots slots = new TrafficSlots(memory);

  private void write(long first, long last) {
    for (long number = first; number <= last; number++) {
      memory.setAtIndex(ValueLayout.JAVA_LONG, (number - 1) % SLOTS, number);
    }
  }

  @Test
  void acceptsGaplessTrafficAtEveryCount() {
    assertThat(slots.firstMismatch(0)).isEmpty();
    for (long number = 1; number < 5 * SLOTS; number++) {
      write(number, number);
      assertThat(slots.firstMismatch(number)).isEmpty();
    }
  }

  @Test
  void acceptsGaplessTrafficAfterWipe() {
    for (long wiped = 0; wiped < 3 * SLOTS; wiped++) {
      slots.clear(wiped);
      assertThat(slots.firstNonEmpty()).isEmpty();
      for (long number = wiped; number < wiped + 3 * SLOTS; number++) {
        write(wiped + 1, number);
        assertThat(slots.firstMismatch(number)).isEmpty();
      }
    }
  }

  @Test
  void detectsMissingWrite() {
    write(1, 20);
    memory.setAtIndex(ValueLayout.JAVA_LONG, 18 % SLOTS, 3);
    assertThat(slots.firstMismatch(20))
        .contains("slot 2 holds write 3 instead of write 19 after write 20");
  }

  @Test
  void detectsExtraWrite() {
    write(1, 21);
    assertThat(slots.firstMismatch(20))
        .contains("slot 4 holds write 21 instead of write 5 after write 20");
  }

  @Test
  void detectsRepeatedWriteAfterWipe() {
    write(1, 20);
    slots.clear(20);
    write(20, 25);
    assertThat(slots.firstMismatch(25))
        .contains("slot 3 holds write 20 instead of nothing after write 25");
  }

  @Test
  void detectsWriteWhileStopped() {
    slots.clear(20);
    assertThat(slots.firstNonEmpty()).isEmpty();
    write(21, 21);
    assertThat(slots.firstNonEmpty()).contains("slot 4 holds write 21 while no device runs");
  }
}
