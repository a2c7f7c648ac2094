// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TrafficConsumerTest {

  private static final int SLOTS = 16;

  private final MemorySegment memory = Arena.ofAuto().allocate(SLOTS * Long.BYTES);
  private final TrafficConsumer consumer = new TrafficConsumer(new TrafficSlots(memory));

  @AfterEach
  void close() {
    consumer.close();
  }

  private void write(long first, long last) {
    for (long number = first; number <= last; number++) {
      memory.setAtIndex(ValueLayout.JAVA_LONG, (number - 1) % SLOTS, number);
    }
  }

  @Test
  void acceptsGaplessTraffic() {
    for (long number = 1; number <= 3 * SLOTS; number++) {
      write(number, number);
      consumer.consume();
    }
    write(3 * SLOTS + 1, 4 * SLOTS);
    assertThat(consumer.finish(4 * SLOTS)).isEmpty();
  }

  @Test
  void detectsLostWrite() {
    write(1, 5);
    write(7, 9);
    assertThat(consumer.finish(9)).hasValue("of 9 writes, 5 arrived in order; the next slot holds 0");
  }

  @Test
  void detectsMissingLastWrite() {
    write(1, 5);
    assertThat(consumer.finish(6)).hasValue("of 6 writes, 5 arrived in order; the next slot holds 0");
  }

  /** A device that loads an older count writes the same numbers again. */
  @Test
  void detectsRepeatedWrite() {
    write(1, 5);
    consumer.consume();
    write(5, 7);
    assertThat(consumer.finish(7)).hasValue("write 5 arrived again");
  }
}
