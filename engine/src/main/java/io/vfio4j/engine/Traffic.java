// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** What all threads of the source send together: counts it, keeps it within the limit, and tells of progress. */
final class Traffic {

  private static final Duration PROGRESS_INTERVAL = Duration.ofMillis(250);

  private final Narrator narrator;
  private final BandwidthLimit limit;
  private final CallOff callOff;
  private final Duration began;
  private final AtomicLong bytes = new AtomicLong();
  private final AtomicLong bytesOnWire = new AtomicLong();
  private volatile int round;
  private volatile @Nullable Prediction prediction;
  private Duration toldAt;
  private long toldBytes;

  Traffic(Narrator narrator, long maxBandwidth, CallOff callOff) {
    this.narrator = narrator;
    this.limit = new BandwidthLimit(narrator.clock(), maxBandwidth);
    this.callOff = callOff;
    this.began = narrator.now();
    this.toldAt = began;
  }

  /** Returns how many bytes to send at once, at most {@code most}. */
  int chunk(int most) {
    return limit.chunk(most);
  }

  /** Throws if nothing is to be sent any more. */
  void check() throws CalledOffException {
    callOff.check();
  }

  /** Accounts for bytes that are about to go over the wire, and waits until they may. */
  void acquire(long onWire) throws IOException {
    limit.acquire(onWire);
    callOff.check();
    bytesOnWire.addAndGet(onWire);
  }

  /** Counts what was sent, as it was before it was compressed. */
  void sent(long count) {
    bytes.addAndGet(count);
    if (isProgressDue()) {
      tellProgress();
    }
  }

  /** Returns the bytes sent so far. */
  long bytes() {
    return bytes.get();
  }

  /** Returns the bytes that went over the wire for them so far. */
  long bytesOnWire() {
    return bytesOnWire.get();
  }

  /** Returns what compression did with all that was sent so far; empty where there is none. */
  Optional<MigrationReport.Compressed> compressed(Optional<Compression> how) {
    return how
        .map(used -> new MigrationReport.Compressed(used.codec().algorithm(), used.level(), bytesOnWire()));
  }

  /** From here on, progress is told with these. */
  void about(int currentRound, @Nullable Prediction current) {
    round = currentRound;
    prediction = current;
  }

  @Nullable
  Prediction prediction() {
    return prediction;
  }

  private synchronized boolean isProgressDue() {
    return narrator.now().minus(toldAt).compareTo(PROGRESS_INTERVAL) >= 0;
  }

  void tellProgress() {
    narrator.tell(progress());
  }

  private synchronized MigrationEvent progress() {
    Duration now = narrator.now();
    long sent = bytes.get();
    double seconds = now.minus(toldAt).toNanos() / 1e9;
    double recent = seconds > 0 ? (sent - toldBytes) / seconds : 0;
    toldAt = now;
    toldBytes = sent;
    Prediction current = prediction;
    return new MigrationEvent.Progress(now, round, sent, recent,
        current == null ? OptionalLong.empty() : OptionalLong.of(current.remaining()),
        Optional.ofNullable(current).map(Prediction::downtime), now.minus(began));
  }
}
