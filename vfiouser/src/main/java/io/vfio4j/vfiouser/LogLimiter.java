// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.regex.Pattern;

/**
 * Bounds what a client can write to the log of its host. Lines that differ in their numbers only are of one kind. Of
 * each kind {@link #BURST} lines pass at once and one more every {@link #INTERVAL}; the others are counted, and the count
 * goes with the next line of the kind that passes, or a line of its own at the end.
 *
 * <p>
 * For any thread.
 */
public final class LogLimiter implements ServerLog {

  /** Lines of a kind that pass at once. */
  public static final int BURST = 10;

  /** The time after which one more passes. */
  public static final Duration INTERVAL = Duration.ofSeconds(10);

  /** More kinds than a client of any use brings about; those beyond share a place. */
  private static final int MAX_KINDS = 200;
  private static final String OTHER_KINDS = "";

  private static final Pattern NUMBERS = Pattern.compile("0x[0-9a-fA-F]+|[0-9]+");

  private static final class Kind {
    private long tokens = BURST;
    private long refilledAt;
    private long omitted;
    private LogLevel level = LogLevel.WARNING;
    private String last = "";

    Kind(long now) {
      refilledAt = now;
    }

    boolean takeToken(long now) {
      long due = (now - refilledAt) / INTERVAL.toNanos();
      if (due > 0) {
        tokens = Math.min(BURST, tokens + due);
        refilledAt += due * INTERVAL.toNanos();
      }
      if (tokens == 0) {
        return false;
      }
      tokens--;
      return true;
    }
  }

  private final ServerLog log;
  private final LongSupplier nanoTime;
  /** Guarded by itself. */
  private final Map<String, Kind> kinds = new HashMap<>();

  /**
   * Makes a limiter.
   *
   * @param log takes the lines that pass
   * @param nanoTime the clock, in nanoseconds
   */
  public LogLimiter(ServerLog log, LongSupplier nanoTime) {
    this.log = log;
    this.nanoTime = nanoTime;
  }

  @Override
  public void log(LogLevel level, String line) {
    long omitted;
    synchronized (kinds) {
      long now = nanoTime.getAsLong();
      Kind kind = kind(line, now);
      if (!kind.takeToken(now)) {
        kind.omitted++;
        kind.level = level;
        kind.last = line;
        return;
      }
      omitted = kind.omitted;
      kind.omitted = 0;
    }
    log.log(level, omitted == 0 ? line : "%s (and %,d more like it)".formatted(line, omitted));
  }

  private Kind kind(String line, long now) {
    String shape = NUMBERS.matcher(line).replaceAll("#");
    Kind known = kinds.get(shape);
    if (known == null && kinds.size() >= MAX_KINDS) {
      shape = OTHER_KINDS;
    }
    return kinds.computeIfAbsent(shape, key -> new Kind(now));
  }

  /** Writes how many lines of each kind were left out since one passed, and begins again. */
  public void flush() {
    Map<String, Kind> left;
    synchronized (kinds) {
      left = new HashMap<>(kinds);
      kinds.clear();
    }
    left.values().stream().filter(kind -> kind.omitted > 0).forEach(kind -> log.log(kind.level,
        "left out %,d lines like: %s".formatted(kind.omitted, kind.last)));
  }
}
