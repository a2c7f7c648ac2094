// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** Moves a device's stream into frames, within the limit of bandwidth, and measures how fast that goes. */
final class Pump {

  private static final Duration PROGRESS_INTERVAL = Duration.ofMillis(250);

  private final Link link;
  private final Narrator narrator;
  private final NanoClock clock;
  private final BandwidthLimit limit;
  private final boolean segments;
  private final MemorySegment into;
  private final Duration began;
  private long bytes;
  private long busyNanos;
  private int round;
  private @Nullable Prediction prediction;
  private Duration toldAt;
  private long toldBytes;

  /**
   * Makes a pump.
   *
   * @param segments whether the target has to hear where segments end
   */
  Pump(Link link, Narrator narrator, long maxBandwidth, boolean segments) {
    this.segments = segments;
    this.link = link;
    this.narrator = narrator;
    this.clock = narrator.clock();
    this.limit = new BandwidthLimit(clock, maxBandwidth);
    this.into = link.out().payload().asSlice(0, limit.chunk(FrameHeader.MAX_PAYLOAD));
    this.began = narrator.now();
    this.toldAt = began;
  }

  /**
   * Reads once and sends what was read.
   *
   * @return what {@link io.vfio4j.model.SavingSession#read} returned
   */
  long pump(MovedDevice device) throws IOException {
    Interrupted.check();
    link.checkComplaint();
    long start = clock.nanoTime();
    long count = device.read(into);
    if (count <= 0) {
      return count;
    }
    limit.acquire(count);
    link.out().sendData(0, (int) count, segments && device.segmentEnded());
    bytes += count;
    busyNanos += clock.nanoTime() - start;
    if (narrator.now().minus(toldAt).compareTo(PROGRESS_INTERVAL) >= 0) {
      tellProgress();
    }
    return count;
  }

  /** Returns the bytes sent so far. */
  long bytes() {
    return bytes;
  }

  /**
   * Returns bytes a second, over the time in which there was something to send; 0 where that took no time.
   */
  double rate() {
    return busyNanos == 0 ? 0 : bytes * 1e9 / busyNanos;
  }

  /** From here on, progress is told with these. */
  void about(int currentRound, @Nullable Prediction current) {
    round = currentRound;
    prediction = current;
  }

  Optional<Prediction> prediction() {
    return Optional.ofNullable(prediction);
  }

  void tellProgress() {
    Duration now = narrator.now();
    double seconds = now.minus(toldAt).toNanos() / 1e9;
    double recent = seconds > 0 ? (bytes - toldBytes) / seconds : rate();
    OptionalLong remaining =
        prediction == null ? OptionalLong.empty() : OptionalLong.of(prediction.remaining());
    narrator.tell(new MigrationEvent.Progress(now, round, bytes, recent, remaining,
        prediction().map(Prediction::downtime), now.minus(began)));
    toldAt = now;
    toldBytes = bytes;
  }
}
