// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;

/**
 * What the target measured before it was ready: what it will do again while everything stands still.
 *
 * @param moving how long its devices took to move to RESUMING, all at once
 * @param recording how long a record in its journal took; zero where it keeps none
 */
record TargetCosts(Duration moving, Duration recording) {

  /** The length of it in a frame: u64 ns of moving, u64 ns of recording. */
  static final int BYTES = 2 * Long.BYTES;

  void put(ByteBuffer into) {
    into.putLong(moving.toNanos()).putLong(recording.toNanos());
  }

  /**
   * Takes it out of the payload of READY.
   *
   * @return empty where the target does not report it
   */
  static Optional<TargetCosts> take(ByteBuffer from) throws StreamException {
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
