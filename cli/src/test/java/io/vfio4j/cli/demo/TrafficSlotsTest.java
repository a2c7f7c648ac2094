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
  void trafficWithoutAGapIsRightAtEveryCount() {
    assertThat(slots.wrong(0)).isEmpty();
    for (long number = 1; number < 5 * SLOTS; number++) {
      write(number, number);
      assertThat(slots.wrong(number)).isEmpty();
    }
  }

  @Test
  void trafficWithoutAGapIsRightAfterSlotsWereWipedAtAnyCount() {
    for (long wiped = 0; wiped < 3 * SLOTS; wiped++) {
      slots.wipe(wiped);
      assertThat(slots.firstFilled()).isEmpty();
      for (long number = wiped; number < wiped + 3 * SLOTS; number++) {
        write(wiped + 1, number);
        assertThat(slots.wrong(number)).isEmpty();
      }
    }
  }

  @Test
  void aWriteLeftOutShows() {
    write(1, 20);
    memory.setAtIndex(ValueLayout.JAVA_LONG, 18 % SLOTS, 3);
    assertThat(slots.wrong(20)).contains("slot 2 holds write 3, but write 19 is due there after write 20");
  }

  @Test
  void aWriteMoreThanWasCountedShows() {
    write(1, 21);
    assertThat(slots.wrong(20)).contains("slot 4 holds write 21, but write 5 is due there after write 20");
  }

  @Test
  void aWriteAgainAfterTheSlotsWereWipedShows() {
    write(1, 20);
    slots.wipe(20);
    write(20, 25);
    assertThat(slots.wrong(25)).contains("slot 3 holds write 20, but nothing is due there after write 25");
  }

  @Test
  void aWriteWhileNoDeviceRunsShows() {
    slots.wipe(20);
    assertThat(slots.firstFilled()).isEmpty();
    write(21, 21);
    assertThat(slots.firstFilled()).contains("slot 4 holds write 21 while no device runs");
  }
}
