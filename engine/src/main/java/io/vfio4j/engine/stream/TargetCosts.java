// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.stream;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;

/**
 * The payload of READY: times that the target measured before it was ready, for the source's prediction of the downtime.
 * Little-endian; absent from targets older than version 1.4, and to older sources.
 *
 * <pre>
 * 0  u64  transition time, ns
 * 8  u64  journal time, ns
 * </pre>
 *
 * @param transitionTime how long its slowest device took to move to RESUMING
 * @param journalTime how long a record in its journal took; zero if it keeps none
 */
public record TargetCosts(Duration transitionTime, Duration journalTime) {

  static final int BYTES = 2 * Long.BYTES;

  void write(ByteBuffer into) {
    into.putLong(transitionTime.toNanos()).putLong(journalTime.toNanos());
  }

  /**
   * Reads the payload of READY.
   *
   * @return empty if the target does not report it
   */
  public static Optional<TargetCosts> read(ByteBuffer from) throws StreamException {
    if (!from.hasRemaining()) {
      return Optional.empty();
    }
    if (from.remaining() != BYTES) {
      throw new StreamException("READY of %d bytes instead of 0 or %d".formatted(from.remaining(), BYTES));
    }
    long transition = from.getLong();
    long journal = from.getLong();
    if (transition < 0 || journal < 0) {
      throw new StreamException("READY reports times of %s and %s ns".formatted(
          Long.toUnsignedString(transition), Long.toUnsignedString(journal)));
    }
    return Optional.of(new TargetCosts(Duration.ofNanos(transition), Duration.ofNanos(journal)));
  }
}
