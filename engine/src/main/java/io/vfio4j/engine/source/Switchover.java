// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.source;

import io.vfio4j.engine.DeviceSwitchover;
import io.vfio4j.engine.DowntimeParts;
import io.vfio4j.engine.MigrationEvent;
import io.vfio4j.engine.device.MigratingDevice;
import io.vfio4j.engine.progress.DowntimeBudget;
import io.vfio4j.engine.progress.DowntimeClock;
import io.vfio4j.engine.progress.DowntimeExceededException;
import io.vfio4j.engine.progress.PhaseTracker;
import io.vfio4j.engine.progress.Prediction;
import io.vfio4j.engine.stream.FrameKind;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.SavingSession;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/**
 * The switchover: stops the devices, which are in their P2P states, and sends the rest until the target has
 * loaded it. The workload is paused. Used by the coordinating thread.
 */
public final class Switchover {

  private final SourceStreams streams;
  private final DowntimeClock parts;
  private final DowntimeBudget budget;
  private final PhaseTracker tracker;
  private final long sentBefore;
  private final List<DeviceSwitchover> devices = new ArrayList<>();
  private long expected;

  /**
   * Creates the switchover of a downtime that has begun.
   *
   * @param expectedBytes the result of {@link #expectedBytes}
   * @param limit the maximum downtime
   */
  Switchover(SourceStreams streams, DowntimeClock parts, long expectedBytes, Duration limit,
      PhaseTracker tracker) {
    this.streams = streams;
    this.expected = expectedBytes;
    this.parts = parts;
    this.budget = new DowntimeBudget(tracker, limit, parts.began());
    this.tracker = tracker;
    this.sentBefore = streams.accounting().bytes();
  }

  /** Returns each device's part of the downtime. */
  public List<DeviceSwitchover> devices() {
    return devices;
  }

  /**
   * Returns the bytes to expect, for the message if the downtime is exceeded; queried before the devices
   * stop.
   */
  static long expectedBytes(SourceStreams streams) throws IOException {
    List<OptionalLong> estimates =
        streams.callAll((device, sender) -> DeviceRound.stopCopyLength(device));
    boolean all = estimates.stream().allMatch(OptionalLong::isPresent);
    return all
        ? estimates.stream().mapToLong(OptionalLong::getAsLong).sum()
        : streams.prediction().map(Prediction::remaining).orElse(0L);
  }

  /** Runs the switchover; throws {@link DowntimeExceededException} if it takes too long. */
  public void run() throws IOException {
    sendRest();
    end();
    parts.endPart(DowntimeParts.Part.SENDING);
    awaitLoaded();
    parts.endPart(DowntimeParts.Part.LOADING);
  }

  /** Stops the devices and sends everything up to the end of the streams. */
  public void sendRest() throws IOException {
    List<Duration> stopping = streams.group().callAll("move it to STOP_COPY", streams.waiter(), this::stop);
    if (streams.memory().isPresent()) {
      // Only now has all DMA ended, so the last dirty pages are known.
      expected += streams.memory().get().collect(streams.waiter());
    }
    parts.endPart(DowntimeParts.Part.STOPPING);
    devices.addAll(streams
        .callAllWithMemory((device, sender) -> drain(device, sender, stopping.get(device.number()))));
    streams.accounting().reportProgress();
  }

  /**
   * Ends all streams. The logs are stopped while the target loads the last data; its LOADED is read only
   * afterwards.
   */
  private void end() throws IOException {
    if (streams.memory().isPresent()) {
      streams.memory().get().end();
    }
    streams.connection().out().sendEnd();
    if (streams.memory().isPresent()) {
      streams.memory().get().stopLogs();
    }
  }

  private Duration stop(MigratingDevice device) throws IOException {
    return device.timedMove(DeviceState.STOP_COPY, "switchover");
  }

  /** Returns the bytes sent since the devices were to stop. */
  public long bytes() {
    return streams.accounting().bytes() - sentBefore;
  }

  private DeviceSwitchover drain(MigratingDevice device, DeviceStateSender sender, Duration stopping)
      throws IOException {
    Duration before = tracker.now();
    long bytesBefore = sender.bytes();
    drain(device, sender);
    streams.endDevice(device.number());
    return new DeviceSwitchover(stopping, tracker.now().minus(before), sender.bytes() - bytesBefore);
  }

  private void drain(MigratingDevice device, DeviceStateSender sender) throws IOException {
    long count;
    do {
      budget.check(bytes(), expected);
      count = sender.sendNext(device);
      if (count == SavingSession.NOTHING_NOW) {
        throw device.protocolViolation("it returned no data in STOP_COPY, but not the end of its state");
      }
    } while (count != SavingSession.END);
  }

  private void awaitLoaded() throws IOException {
    budget.check(bytes(), expected);
    // An acknowledgement may still be in flight.
    if (!streams.acks().expect(FrameKind.LOADED, budget.left())) {
      throw budget.exceeded(bytes(), expected);
    }
    budget.check(bytes(), expected);
    tracker
        .report(new MigrationEvent.Note(tracker.now(), tracker.side(), "the target has loaded everything"));
  }
}
