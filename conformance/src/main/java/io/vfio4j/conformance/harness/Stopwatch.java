// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.harness;

import io.vfio4j.conformance.setup.ConformanceOptions;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** Notes what took long. */
public final class Stopwatch {

  /** A stream that takes no longer than this is not slow, however short it is. */
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

  void recordMove(String move, long begun) {
    long took = now() - begun;
    if (took > options.slowMove().toNanos()) {
      slowMoves.merge(move, took, Math::max);
    }
  }

  /** Notes a stream that was read or written whole. */
  void recordStream(String what, long bytes, long begun) {
    long took = now() - begun;
    double rate = bytes * 1e9 / Math.max(1, took);
    if (took > SHORT_STREAM_NANOS && rate < options.slowStream()) {
      slowStreams.putIfAbsent(what, "%s: %d bytes took %s (%.1f KiB/s)".formatted(what, bytes, format(took),
          rate / 1024));
    }
  }

  /** Tells of the moves that took long, the slowest with their times. */
  public Optional<String> slowMoves() {
    if (slowMoves.isEmpty()) {
      return Optional.empty();
    }
    String named = slowMoves.entrySet().stream().sorted(Map.Entry.<String, Long>comparingByValue().reversed())
        .limit(MAX_LISTED).map(move -> move.getKey() + " took " + format(move.getValue()))
        .collect(Collectors.joining(", "));
    int more = slowMoves.size() - MAX_LISTED;
    return Optional.of(named + (more > 0 ? ", and %d more are slow".formatted(more) : ""));
  }

  /** Tells of reading and writing that took long. */
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
