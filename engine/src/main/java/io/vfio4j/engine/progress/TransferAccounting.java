// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.progress;

import io.vfio4j.engine.MigrationEvent;
import io.vfio4j.engine.MigrationReport;
import io.vfio4j.engine.codec.Compression;
import io.vfio4j.engine.util.Cancellation;
import io.vfio4j.engine.util.CancelledException;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Accounts for what all threads of the source send: counts bytes, applies the bandwidth limit, and reports
 * progress.
 */
public final class TransferAccounting {

  private static final Duration PROGRESS_INTERVAL = Duration.ofMillis(250);

  private final PhaseTracker tracker;
  private final BandwidthLimit limit;
  private final Cancellation cancellation;
  private final Duration began;
  private final AtomicLong bytes = new AtomicLong();
  private final AtomicLong bytesOnWire = new AtomicLong();
  private volatile int round;
  private volatile @Nullable Prediction prediction;
  private Duration reportedAt;
  private long reportedBytes;

  public TransferAccounting(PhaseTracker tracker, long maxBandwidth, Cancellation cancellation) {
    this.tracker = tracker;
    this.limit = new BandwidthLimit(tracker.clock(), maxBandwidth);
    this.cancellation = cancellation;
    this.began = tracker.now();
    this.reportedAt = began;
  }

  /** Returns how many bytes to send at once, at most {@code most}. */
  public int chunk(int most) {
    return limit.chunk(most);
  }

  /** Throws if the transfer was cancelled. */
  public void checkCancelled() throws CancelledException {
    cancellation.check();
  }

  /** Waits until the given bytes may be sent. */
  public void acquire(long onWire) throws IOException {
    limit.acquire(onWire);
    cancellation.check();
    bytesOnWire.addAndGet(onWire);
  }

  /** Counts bytes that were sent, before compression. */
  public void countSent(long count) {
    bytes.addAndGet(count);
    if (isProgressDue()) {
      reportProgress();
    }
  }

  /** Returns the bytes sent so far, before compression. */
  public long bytes() {
    return bytes.get();
  }

  /** Returns the bytes sent so far, after compression. */
  long bytesOnWire() {
    return bytesOnWire.get();
  }

  /** Returns the effect of compression so far; empty without compression. */
  public Optional<MigrationReport.CompressionReport> compressed(Optional<Compression> how) {
    return how
        .map(used -> new MigrationReport.CompressionReport(used.codec().algorithm(), used.level(),
            bytesOnWire()));
  }

  /** Sets the round and the prediction of later progress events. */
  public void setRound(int currentRound, @Nullable Prediction current) {
    round = currentRound;
    prediction = current;
  }

  public @Nullable Prediction prediction() {
    return prediction;
  }

  private synchronized boolean isProgressDue() {
    return tracker.now().minus(reportedAt).compareTo(PROGRESS_INTERVAL) >= 0;
  }

  public void reportProgress() {
    tracker.report(progress());
  }

  private synchronized MigrationEvent progress() {
    Duration now = tracker.now();
    long sent = bytes.get();
    double seconds = now.minus(reportedAt).toNanos() / 1e9;
    double recent = seconds > 0 ? (sent - reportedBytes) / seconds : 0;
    reportedAt = now;
    reportedBytes = sent;
    Prediction current = prediction;
    return new MigrationEvent.Progress(now, round, sent, recent,
        current == null ? OptionalLong.empty() : OptionalLong.of(current.remaining()),
        Optional.ofNullable(current).map(Prediction::downtime), now.minus(began));
  }
}
