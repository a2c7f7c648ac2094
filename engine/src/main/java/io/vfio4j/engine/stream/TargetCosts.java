// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.stream;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;

/**
 * What the target measured before it was ready: what it will do again while everything stands still.
 *
 * @param transitionTime how long its devices took to move to RESUMING, all at once
 * @param journalTime how long a record in its journal took; zero where it keeps none
 */
public record TargetCosts(Duration transitionTime, Duration journalTime) {

  /** The length of it in a frame: u64 ns of moving, u64 ns of recording. */
  static final int BYTES = 2 * Long.BYTES;

  void write(ByteBuffer into) {
    into.putLong(transitionTime.toNanos()).putLong(journalTime.toNanos());
  }

  /**
   * Takes it out of the payload of READY.
   *
   * @return empty where the target does not report it
   */
  public static Optional<TargetCosts> read(ByteBuffer from) throws StreamException {
    if (!from.hasRemaining()) {
      return Optional.empty();
    }
    if (from.remaining() != BYTES) {
      throw new StreamException("READY of %d bytes, which are 0 or %d".formatted(from.remaining(), BYTES));
    }
    long moving = from.getLong();
    long recording = from.getLong();
    if (moving < 0 || recording < 0) {
      throw new StreamException("READY reports times of %s and %s ns".formatted(
          Long.toUnsignedString(moving), Long.toUnsignedString(recording)));
    }
    return Optional.of(new TargetCosts(Duration.ofNanos(moving), Duration.ofNanos(recording)));
  }
}
