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
  private long cleared;

  /** Makes a view of memory whose whole length is slots. */
  TrafficSlots(MemorySegment slots) {
    this.slots = slots;
    this.count = slots.byteSize() / Long.BYTES;
  }

  long count() {
    return count;
  }

  /** Returns the number of the last write that has been checked and wiped out. */
  long cleared() {
    return cleared;
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
  Optional<String> firstMismatch(long number) {
    for (long slot = 0; slot < count; slot++) {
      long due = newestOf(slot, number);
      long found = get(slot);
      if (found != due) {
        return Optional.of("slot %d holds %s, but %s is due there after write %d"
            .formatted(slot, describe(found), describe(due), number));
      }
    }
    return Optional.empty();
  }

  private static String describe(long value) {
    return value == 0 ? "nothing" : "write " + value;
  }

  /** Returns the last write that went to a slot since the slots were wiped, or 0. */
  private long newestOf(long slot, long number) {
    if (number <= slot) {
      return 0;
    }
    long newest = number - (number - 1 - slot) % count;
    return newest > cleared ? newest : 0;
  }

  /** Empties all slots. Nothing may write to them meanwhile. */
  void clear(long number) {
    slots.fill((byte) 0);
    cleared = number;
  }

  /** Returns room for a copy, to be looked at when there is time. */
  TrafficSlots newSnapshot() {
    return new TrafficSlots(MemorySegment.ofArray(new long[(int) count]));
  }

  /** Becomes what others are at this moment. */
  void copyFrom(TrafficSlots others) {
    slots.copyFrom(others.slots);
    cleared = others.cleared;
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
  Optional<String> firstNonEmpty() {
    for (long slot = 0; slot < count; slot++) {
      if (get(slot) != 0) {
        return Optional.of("slot %d holds write %d while no device runs".formatted(slot, get(slot)));
      }
    }
    return Optional.empty();
  }
}
