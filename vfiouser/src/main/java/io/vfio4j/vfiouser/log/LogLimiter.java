// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.log;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.regex.Pattern;

/**
 * Limits the lines that clients can cause in the log of a host. Lines that differ only in their numbers, or in
 * the values of a request's fields, are of one kind. Of each kind {@link #BURST} lines pass at once and one
 * more every {@link #INTERVAL}; the others are suppressed and counted. The count is appended to the next line
 * of the kind that passes, or logged by {@link #report} and {@link #flush}.
 *
 * <p>
 * Thread-safe.
 */
public final class LogLimiter implements ServerLog {

  /** Number of lines of a kind that pass at once. */
  public static final int BURST = 10;

  /** Time after which one more line passes. */
  public static final Duration INTERVAL = Duration.ofSeconds(10);

  /** More kinds than a well-behaved client causes; further ones share one limit. */
  private static final int MAX_KINDS = 200;
  private static final String OTHER_KINDS = "";

  /**
   * What may differ between lines of a kind. Besides numbers, values in words, as in {@code flags=read|0x20} or
   * {@code flags=feature 9|get}: a client can send every combination of flags.
   */
  private static final Pattern VALUES =
      Pattern.compile("(?<==)[A-Za-z_][\\w|]*(?: [0-9]+[\\w|]*)?|0x[0-9a-fA-F]+|[0-9]+");

  private static final class LineKind {
    private long tokens = BURST;
    private long refilledAt;
    private long omitted;
    private long reportedAt;
    private LogLevel level = LogLevel.WARNING;
    private String last = "";

    LineKind(long now) {
      refilledAt = now;
      reportedAt = now - INTERVAL.toNanos();
    }

    private void refill(long now) {
      long due = (now - refilledAt) / INTERVAL.toNanos();
      if (due > 0) {
        tokens = Math.min(BURST, tokens + due);
        refilledAt += due * INTERVAL.toNanos();
      }
    }

    boolean takeToken(long now) {
      refill(now);
      if (tokens == 0) {
        return false;
      }
      tokens--;
      return true;
    }

    boolean isReportDue(long now) {
      return now - reportedAt >= INTERVAL.toNanos();
    }

    /** Returns whether a new object would behave the same. */
    boolean isIdle(long now) {
      refill(now);
      return tokens == BURST && omitted == 0 && isReportDue(now);
    }

    Summary takeSummary(long now) {
      Summary summary =
          new Summary(level, "suppressed %,d lines like: %s".formatted(omitted, last));
      omitted = 0;
      reportedAt = now;
      return summary;
    }
  }

  private record Summary(LogLevel level, String line) {
  }

  private final ServerLog log;
  private final LongSupplier nanoTime;
  /** Guarded by itself, with its values. */
  private final Map<String, LineKind> kinds = new HashMap<>();

  /** Returns a limiter of a log: the log itself if it is one, so that all its users share its limits. */
  public static LogLimiter of(Consumer<String> log, LongSupplier nanoTime) {
    return log instanceof LogLimiter limiter ? limiter : new LogLimiter(ServerLog.of(log), nanoTime);
  }

  /**
   * Creates a limiter.
   *
   * @param log receives the lines that pass
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
      LineKind kind = kind(line, now);
      if (!kind.takeToken(now)) {
        kind.omitted++;
        kind.level = level;
        kind.last = line;
        return;
      }
      omitted = kind.omitted;
      kind.omitted = 0;
    }
    log.log(level, omitted == 0 ? line : "%s (%,d similar lines suppressed)".formatted(line, omitted));
  }

  private LineKind kind(String line, long now) {
    String shape = VALUES.matcher(line).replaceAll("#");
    LineKind known = kinds.get(shape);
    if (known == null && kinds.size() >= MAX_KINDS) {
      kinds.values().removeIf(kind -> kind.isIdle(now));
      if (kinds.size() >= MAX_KINDS) {
        shape = OTHER_KINDS;
      }
    }
    return kinds.computeIfAbsent(shape, key -> new LineKind(now));
  }

  /**
   * Logs the number of suppressed lines of each kind, at most once per kind and {@link #INTERVAL}, so it may
   * be called as often as a client wants. The limits stay as they are.
   */
  public void report() {
    writeSummaries(false);
  }

  /** Logs the number of suppressed lines of each kind, and resets all limits. */
  public void flush() {
    writeSummaries(true);
  }

  private void writeSummaries(boolean reset) {
    List<Summary> summaries = new ArrayList<>();
    synchronized (kinds) {
      long now = nanoTime.getAsLong();
      for (LineKind kind : kinds.values()) {
        if (kind.omitted > 0 && (reset || kind.isReportDue(now))) {
          summaries.add(kind.takeSummary(now));
        }
      }
      if (reset) {
        kinds.clear();
      }
    }
    summaries.forEach(summary -> log.log(summary.level(), summary.line()));
  }
}
