// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Optional;

/**
 * The slots of a scratch device's traffic, and their expected content.
 *
 * <p>
 * Write {@code n} of the traffic, counted from 1, stores {@code n} in slot {@code (n-1) mod SLOTS}. So the count alone
 * determines the content of each slot, and any lost, repeated or reordered write is detected.
 */
final class TrafficSlots {

  private static final ValueLayout.OfLong U64 = ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final MemorySegment slots;
  private final long count;
  /** All writes up to this number have been checked and cleared. */
  private long cleared;

  /** Creates a view of memory that consists of slots. */
  TrafficSlots(MemorySegment slots) {
    this.slots = slots;
    this.count = slots.byteSize() / Long.BYTES;
  }

  long count() {
    return count;
  }

  /** Returns the number of the last write that has been checked and cleared. */
  long cleared() {
    return cleared;
  }

  /** Returns the slot of the write after a given one. */
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
   * @return a description of the first slot that is wrong, if there is one
   */
  Optional<String> firstMismatch(long number) {
    for (long slot = 0; slot < count; slot++) {
      long expected = newestOf(slot, number);
      long found = get(slot);
      if (found != expected) {
        return Optional.of("slot %d holds %s instead of %s after write %d"
            .formatted(slot, describe(found), describe(expected), number));
      }
    }
    return Optional.empty();
  }

  private static String describe(long value) {
    return value == 0 ? "nothing" : "write " + value;
  }

  /** Returns the last write to a slot since the slots were cleared, or 0. */
  private long newestOf(long slot, long number) {
    if (number <= slot) {
      return 0;
    }
    long newest = number - (number - 1 - slot) % count;
    return newest > cleared ? newest : 0;
  }

  /** Clears a slot that has been read. */
  void clearSlot(long slot) {
    slots.setAtIndex(U64, slot, 0);
  }

  /** Clears all slots. The device must not write to them meanwhile. */
  void clear(long number) {
    slots.fill((byte) 0);
    cleared = number;
  }

  /** Returns slots for a copy, to be checked later. */
  TrafficSlots newSnapshot() {
    return new TrafficSlots(MemorySegment.ofArray(new long[(int) count]));
  }

  /** Copies the current content of other slots. */
  void copyFrom(TrafficSlots others) {
    slots.copyFrom(others.slots);
    cleared = others.cleared;
  }

  /** Returns the newest write, searching from one that is known to be present. */
  long newest(long known) {
    long newest = known;
    while (get(slotAfter(newest)) == newest + 1) {
      newest++;
    }
    return newest;
  }

  /** Returns a description of the first slot that is not empty, if there is one. */
  Optional<String> firstNonEmpty() {
    for (long slot = 0; slot < count; slot++) {
      if (get(slot) != 0) {
        return Optional.of("slot %d holds write %d while no device runs".formatted(slot, get(slot)));
      }
    }
    return Optional.empty();
  }
}
