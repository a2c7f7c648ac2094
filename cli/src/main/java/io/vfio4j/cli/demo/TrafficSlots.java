// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Optional;

/**
 * The memory that a scratch device's traffic goes to, and what must be in it.
 *
 * <p>
 * Write {@code n} of the traffic, counted from 1, puts {@code n} into slot {@code (n-1) mod SLOTS}. So from a count
 * alone it follows what every slot holds: any gap, repetition or write out of turn shows.
 */
final class TrafficSlots {

  private static final ValueLayout.OfLong U64 = ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final MemorySegment slots;
  private final long count;
  /** All writes up to this one have been checked and wiped out. */
  private long wiped;

  /** Makes a view of memory whose whole length is slots. */
  TrafficSlots(MemorySegment slots) {
    this.slots = slots;
    this.count = slots.byteSize() / Long.BYTES;
  }

  long count() {
    return count;
  }

  /** Returns the number of the last write that has been checked and wiped out. */
  long wiped() {
    return wiped;
  }

  /** Returns the slot that the next write after a number goes to. */
  long slotAfter(long number) {
    return number % count;
  }

  long get(long slot) {
    return slots.getAtIndex(U64, slot);
  }

  /**
   * Checks all slots against the traffic's count.
   *
   * @param number the number of the last write
   * @return the first slot that is wrong, in words, if one is
   */
  Optional<String> wrong(long number) {
    for (long slot = 0; slot < count; slot++) {
      long due = newestOf(slot, number);
      long found = get(slot);
      if (found != due) {
        return Optional.of("slot %d holds %s, but %s is due there after write %d"
            .formatted(slot, words(found), words(due), number));
      }
    }
    return Optional.empty();
  }

  private static String words(long value) {
    return value == 0 ? "nothing" : "write " + value;
  }

  /** Returns the last write that went to a slot since the slots were wiped, or 0. */
  private long newestOf(long slot, long number) {
    if (number <= slot) {
      return 0;
    }
    long newest = number - (number - 1 - slot) % count;
    return newest > wiped ? newest : 0;
  }

  /** Empties all slots. Nothing may write to them meanwhile. */
  void wipe(long number) {
    slots.fill((byte) 0);
    wiped = number;
  }

  /** Returns room for a copy, to be looked at when there is time. */
  TrafficSlots room() {
    return new TrafficSlots(MemorySegment.ofArray(new long[(int) count]));
  }

  /** Becomes what others are at this moment. */
  void copy(TrafficSlots others) {
    slots.copyFrom(others.slots);
    wiped = others.wiped;
  }

  /** Returns the newest write, looked for from one that is there on. */
  long newest(long known) {
    long newest = known;
    while (get(slotAfter(newest)) == newest + 1) {
      newest++;
    }
    return newest;
  }

  /** Returns the first slot that is not empty, in words, if one is. */
  Optional<String> firstFilled() {
    for (long slot = 0; slot < count; slot++) {
      if (get(slot) != 0) {
        return Optional.of("slot %d holds write %d while no device runs".formatted(slot, get(slot)));
      }
    }
    return Optional.empty();
  }
}
