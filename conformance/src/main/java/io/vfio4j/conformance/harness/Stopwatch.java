// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.harness;

import io.vfio4j.conformance.setup.ConformanceOptions;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** Records slow transitions and slow reads and writes of a state. Used by one thread. */
public final class Stopwatch {

  /** A read or write that takes no longer than this is not slow, whatever its rate. */
  private static final long SHORT_STREAM_NANOS = 100_000_000L;
  private static final int MAX_LISTED = 5;

  private final ConformanceOptions options;
  private final Map<String, Long> slowMoves = new LinkedHashMap<>();
  private final Map<String, String> slowStreams = new LinkedHashMap<>();

  Stopwatch(ConformanceOptions options) {
    this.options = options;
  }

  long now() {
    return options.nanoTime().getAsLong();
  }

  void recordMove(String move, long start) {
    long elapsed = now() - start;
    if (elapsed > options.slowMove().toNanos()) {
      slowMoves.merge(move, elapsed, Math::max);
    }
  }

  /** Records a complete read or write of a state. */
  void recordStream(String action, long bytes, long start) {
    long elapsed = now() - start;
    double rate = bytes * 1e9 / Math.max(1, elapsed);
    if (elapsed > SHORT_STREAM_NANOS && rate < options.slowStream()) {
      slowStreams.putIfAbsent(action,
          "%s: %d bytes took %s (%.1f KiB/s)".formatted(action, bytes, format(elapsed),
              rate / 1024));
    }
  }

  /** Describes the slow transitions, slowest first, with their durations; empty if there are none. */
  public Optional<String> slowMoves() {
    if (slowMoves.isEmpty()) {
      return Optional.empty();
    }
    String slowest =
        slowMoves.entrySet().stream().sorted(Map.Entry.<String, Long>comparingByValue().reversed())
            .limit(MAX_LISTED).map(move -> move.getKey() + " took " + format(move.getValue()))
            .collect(Collectors.joining(", "));
    int more = slowMoves.size() - MAX_LISTED;
    return Optional.of(slowest + (more > 0 ? ", and %d more are slow".formatted(more) : ""));
  }

  /** Describes the slow reads and writes; empty if there are none. */
  public Optional<String> slowStreams() {
    return slowStreams.isEmpty() ? Optional.empty() : Optional.of(String.join("; ", slowStreams.values()));
  }

  private static String format(long nanos) {
    Duration time = Duration.ofNanos(nanos);
    return time.toMillis() < 1000
        ? time.toMillis() + " ms"
        : String.format(Locale.ROOT, "%.2f s", time.toNanos() / 1e9);
  }
}
