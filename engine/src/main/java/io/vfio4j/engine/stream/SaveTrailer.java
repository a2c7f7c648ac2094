// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.stream;

import io.vfio4j.engine.SavedState;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * The payload of SAVED, at the end of a file, when the outcome of the source is known. Little-endian.
 *
 * <pre>
 *  0  u32  outcome of the source: 0 stopped, 1 left running, 2 unknown
 *  4  u32  0
 *  8  u64  when its devices were stopped, the time of the state: ns since 1970-01-01 UTC
 * 16  u64  the downtime in ns; 0 if they were not resumed
 * </pre>
 *
 * @param source the outcome of the source
 * @param stoppedAt the time of the state
 * @param downtime the downtime of the source; zero if it was not resumed
 */
public record SaveTrailer(SavedState.Source source, Instant stoppedAt, Duration downtime) {

  static final int BYTES = 24;

  private static final long NANOS = 1_000_000_000;

  void write(ByteBuffer into) {
    into.putInt(source.wireValue()).putInt(0)
        .putLong(Math.addExact(Math.multiplyExact(stoppedAt.getEpochSecond(), NANOS), stoppedAt.getNano()))
        .putLong(downtime.toNanos());
  }

  /** Reads the payload of a frame, whose length has been checked. */
  public static SaveTrailer read(ByteBuffer from) throws StreamException {
    int value = from.getInt();
    int reserved = from.getInt();
    long stoppedAt = from.getLong();
    long downtime = from.getLong();
    Optional<SavedState.Source> source = SavedState.Source.fromWire(value);
    if (source.isEmpty() || reserved != 0 || stoppedAt < 0 || downtime < 0) {
      throw new StreamException(
          "SAVED is invalid: source %s, reserved %d, stopped at %s ns, downtime %s ns".formatted(
              Integer.toUnsignedString(value), reserved, Long.toUnsignedString(stoppedAt),
              Long.toUnsignedString(downtime)));
    }
    return new SaveTrailer(source.get(), Instant.ofEpochSecond(stoppedAt / NANOS, stoppedAt % NANOS),
        Duration.ofNanos(downtime));
  }
}
