// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.stream;

import io.vfio4j.engine.SavedState;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * What a file says at its end, where it is known what became of the source.
 *
 * <pre>
 *  0  u32  what became of it: 0 stopped, 1 left running, 2 unknown
 *  4  u32  0
 *  8  u64  when its devices stood still, so that the state is of that moment: ns since 1970-01-01 UTC
 * 16  u64  for how long they did, ns; 0 where they did not go on
 * </pre>
 *
 * @param source what became of the source
 * @param stoppedAt the moment that the state is of
 * @param downtime how long the source stood still; zero where it did not go on
 */
public record SaveTrailer(SavedState.Source source, Instant stoppedAt, Duration downtime) {

  static final int BYTES = 24;

  private static final long NANOS = 1_000_000_000;

  void write(ByteBuffer into) {
    into.putInt(source.wireValue()).putInt(0)
        .putLong(Math.addExact(Math.multiplyExact(stoppedAt.getEpochSecond(), NANOS), stoppedAt.getNano()))
        .putLong(downtime.toNanos());
  }

  /** Takes the payload of a frame, whose length has been checked. */
  public static SaveTrailer read(ByteBuffer from) throws StreamException {
    int value = from.getInt();
    int reserved = from.getInt();
    long stateOf = from.getLong();
    long stoodStill = from.getLong();
    Optional<SavedState.Source> source = SavedState.Source.fromWire(value);
    if (source.isEmpty() || reserved != 0 || stateOf < 0 || stoodStill < 0) {
      throw new StreamException("the file's note on its source is wrong: %s, %d, %s ns, %s ns".formatted(
          Integer.toUnsignedString(value), reserved, Long.toUnsignedString(stateOf),
          Long.toUnsignedString(stoodStill)));
    }
    return new SaveTrailer(source.get(), Instant.ofEpochSecond(stateOf / NANOS, stateOf % NANOS),
        Duration.ofNanos(stoodStill));
  }
}
