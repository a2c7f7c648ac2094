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
 * Reports peers that connected and were refused: a line for each, but for each reason only some lines in a period, and then
 * how many were left out. So a flood of connections does not fill a log, and does not hide a refusal for another reason.
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

  /** What was reported for a reason since a moment. */
  private static final class Period {
    private final long start;
    private int reported;
    private int suppressed;

    Period(long began) {
      this.start = began;
    }
  }

  @Override
  public synchronized void accept(PeerRefusedException refusal) {
    long now = clock.getAsLong();
    Period period = periods.get(refusal.reason());
    if (period == null || now - period.start >= PERIOD.toNanos()) {
      if (period != null) {
        reportSuppressed(refusal.reason(), period);
      }
      period = new Period(now);
      periods.put(refusal.reason(), period);
    }
    if (period.reported < MAX_PER_PERIOD) {
      period.reported++;
      report(refusal);
    } else {
      period.suppressed++;
    }
  }

  private void report(PeerRefusedException refusal) {
    output.warning("vfio4j: refused " + refusal.getMessage());
    output.event(Json.event("refused").with("peer", refusal.peer()).with("reason", name(refusal.reason()))
        .with("message", refusal.getMessage()).build());
  }

  private void reportSuppressed(Reason reason, Period period) {
    if (period.suppressed > 0) {
      output.warning("vfio4j: refused %d more for the same reason (%s)".formatted(period.suppressed,
          name(reason).replace('_', ' ')));
      output.event(Json.event("refused_more").with("reason", name(reason)).with("count", period.suppressed)
          .build());
    }
  }

  private static String name(Reason reason) {
    return reason.name().toLowerCase(Locale.ROOT);
  }

  /** Reports what was left out and not told yet. */
  @Override
  public synchronized void close() {
    periods.forEach(this::reportSuppressed);
    periods.clear();
  }
}
