// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.peer;

import io.vfio4j.cli.base.Json;
import io.vfio4j.cli.base.Output;
import io.vfio4j.engine.transport.PeerRefusedException;
import io.vfio4j.engine.transport.PeerRefusedException.Reason;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * Reports peers that were rejected, rate-limited per reason: after {@link #MAX_PER_PERIOD} lines in a period, further
 * rejections are only counted. A flood of connections neither fills a log nor hides a rejection for another reason.
 */
public final class RejectionLog implements Consumer<PeerRefusedException>, AutoCloseable {

  static final int MAX_PER_PERIOD = 5;
  static final Duration PERIOD = Duration.ofSeconds(10);

  private final Output output;
  private final LongSupplier clock;

  /** Guarded by this. */
  private final Map<Reason, Period> periods = new EnumMap<>(Reason.class);

  public RejectionLog(Output output) {
    this(output, System::nanoTime);
  }

  RejectionLog(Output output, LongSupplier clock) {
    this.output = output;
    this.clock = clock;
  }

  /** The rejections for one reason since the start of a period. */
  private static final class Period {
    private final long start;
    private int reported;
    private int suppressed;

    Period(long start) {
      this.start = start;
    }
  }

  @Override
  public synchronized void accept(PeerRefusedException rejection) {
    long now = clock.getAsLong();
    Period period = periods.get(rejection.reason());
    if (period == null || now - period.start >= PERIOD.toNanos()) {
      if (period != null) {
        reportSuppressed(rejection.reason(), period);
      }
      period = new Period(now);
      periods.put(rejection.reason(), period);
    }
    if (period.reported < MAX_PER_PERIOD) {
      period.reported++;
      report(rejection);
    } else {
      period.suppressed++;
    }
  }

  private void report(PeerRefusedException rejection) {
    output.warning("refused " + rejection.getMessage());
    output.event(Json.event("refused").with("peer", rejection.peer()).with("reason", name(rejection.reason()))
        .with("message", rejection.getMessage()).build());
  }

  private void reportSuppressed(Reason reason, Period period) {
    if (period.suppressed > 0) {
      output.warning("refused %d more for the same reason (%s)".formatted(period.suppressed,
          name(reason).replace('_', ' ')));
      output.event(Json.event("refused-more").with("reason", name(reason)).with("count", period.suppressed)
          .build());
    }
  }

  private static String name(Reason reason) {
    return reason.name().toLowerCase(Locale.ROOT);
  }

  /** Reports how many rejections were suppressed since the last report. */
  @Override
  public synchronized void close() {
    periods.forEach(this::reportSuppressed);
    periods.clear();
  }
}
