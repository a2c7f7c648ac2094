// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.regex.Pattern;

/**
 * Bounds what a client can write to the log of its host. Lines that differ in their numbers only are of one kind. Of
 * each kind {@link #BURST} lines pass at once and one more every {@link #INTERVAL}; the others are counted, and the count
 * goes with the next line of the kind that passes, or a line of its own: at the end, or when somebody asks for a
 * {@link #report}.
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

    /** Returns whether to forget it makes no difference. */
    boolean isIdle(long now) {
      refill(now);
      return tokens == BURST && omitted == 0 && isReportDue(now);
    }

    Summary takeSummary(long now) {
      Summary summary =
          new Summary(level, "left out %,d lines like: %s".formatted(omitted, last));
      omitted = 0;
      reportedAt = now;
      return summary;
    }
  }

  private record Summary(LogLevel level, String line) {
  }

  private final ServerLog log;
  private final LongSupplier nanoTime;
  /** Guarded by itself. */
  private final Map<String, LineKind> kinds = new HashMap<>();

  /** Returns a limiter of a log: the log itself if it is one, so that all who are given it share its budget. */
  static LogLimiter of(Consumer<String> log, LongSupplier nanoTime) {
    return log instanceof LogLimiter limiter ? limiter : new LogLimiter(ServerLog.of(log), nanoTime);
  }

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
    log.log(level, omitted == 0 ? line : "%s (and %,d more like it)".formatted(line, omitted));
  }

  private LineKind kind(String line, long now) {
    String shape = NUMBERS.matcher(line).replaceAll("#");
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
   * Writes how many lines of each kind were left out since one passed: of each kind at most once in an {@link #INTERVAL},
   * and nothing more passes for it. So a client may bring it about as often as it likes.
   */
  public void report() {
    writeSummaries(false);
  }

  /** Writes how many lines of each kind were left out since one passed, and begins again. */
  public void flush() {
    writeSummaries(true);
  }

  private void writeSummaries(boolean beginAgain) {
    List<Summary> summaries = new ArrayList<>();
    synchronized (kinds) {
      long now = nanoTime.getAsLong();
      for (LineKind kind : kinds.values()) {
        if (kind.omitted > 0 && (beginAgain || kind.isReportDue(now))) {
          summaries.add(kind.takeSummary(now));
        }
      }
      if (beginAgain) {
        kinds.clear();
      }
    }
    summaries.forEach(summary -> log.log(summary.level(), summary.line()));
  }
}
