// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import io.vfio4j.model.DeviceState;
import io.vfio4j.model.SavingSession;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/**
 * Stops the devices, which are in their grace states, and streams the rest until the target has loaded it; the workload
 * is paused.
 */
final class Switchover {

  private final SourceStreams streams;
  private final DowntimeClock parts;
  private final DowntimeBudget budget;
  private final Narrator narrator;
  private final long sentBefore;
  private final List<DeviceSwitchover> devices = new ArrayList<>();
  private long expected;

  /**
   * Makes one of a downtime that has begun.
   *
   * @param expectedBytes {@link #expectedBytes}
   * @param limit how long the downtime may last
   */
  Switchover(SourceStreams streams, DowntimeClock parts, long expectedBytes, Duration limit,
      Narrator narrator) {
    this.streams = streams;
    this.expected = expectedBytes;
    this.parts = parts;
    this.budget = new DowntimeBudget(narrator, limit, parts.began());
    this.narrator = narrator;
    this.sentBefore = streams.traffic().bytes();
  }

  /** Returns what each device did. */
  List<DeviceSwitchover> devices() {
    return devices;
  }

  /** Returns what to expect, for whoever has to be told when it takes too long; asked before the devices stop. */
  static long expectedBytes(SourceStreams streams) throws IOException {
    List<OptionalLong> estimates =
        streams.all((device, pump) -> DeviceRound.stopCopyLength(device));
    boolean all = estimates.stream().allMatch(OptionalLong::isPresent);
    return all
        ? estimates.stream().mapToLong(OptionalLong::getAsLong).sum()
        : streams.prediction().map(Prediction::remaining).orElse(0L);
  }

  /** Does it; a switchover that takes too long ends with {@link OverBudgetException}. */
  void run() throws IOException {
    sendRest();
    end();
    parts.ends(DowntimeParts.Part.SENDING);
    awaitLoaded();
    parts.ends(DowntimeParts.Part.LOADING);
  }

  /** Does all of it that comes before the end of the streams. */
  void sendRest() throws IOException {
    List<Duration> stopping = streams.group().all("move it to STOP_COPY", streams.waiting(), this::stop);
    if (streams.memory().isPresent()) {
      // Nothing writes any more: a device may do so until it is stopped.
      expected += streams.memory().get().collect(streams.waiting());
    }
    parts.ends(DowntimeParts.Part.STOPPING);
    devices.addAll(streams
        .allWithMemory((device, pump) -> drain(device, pump, stopping.get(device.number()))));
    streams.traffic().tellProgress();
  }

  /**
   * Ends all streams; the logs are stopped while the target loads what has been sent last. It may say any moment that it
   * has, which is not to be heard before it is waited for.
   */
  private void end() throws IOException {
    if (streams.memory().isPresent()) {
      streams.memory().get().end();
    }
    streams.link().out().sendEnd();
    if (streams.memory().isPresent()) {
      streams.memory().get().stopLogs();
    }
  }

  private Duration stop(MovedDevice device) throws IOException {
    return device.timedMove(DeviceState.STOP_COPY, "switchover");
  }

  /** Returns how many bytes were sent since the devices were to stop. */
  long bytes() {
    return streams.traffic().bytes() - sentBefore;
  }

  private DeviceSwitchover drain(MovedDevice device, DevicePump pump, Duration stopping)
      throws IOException {
    Duration before = narrator.now();
    long bytesBefore = pump.bytes();
    drain(device, pump);
    streams.endDevice(device.number());
    return new DeviceSwitchover(stopping, narrator.now().minus(before), pump.bytes() - bytesBefore);
  }

  private void drain(MovedDevice device, DevicePump pump) throws IOException {
    long count;
    do {
      budget.check(bytes(), expected);
      count = pump.pump(device);
      if (count == SavingSession.NOTHING_NOW) {
        throw device.brokeProtocol("there is nothing to read in STOP_COPY, but no end either");
      }
    } while (count != SavingSession.END);
  }

  private void awaitLoaded() throws IOException {
    budget.check(bytes(), expected);
    // What was acknowledged in the last moment has not been heard yet.
    if (!streams.control().expect(FrameKind.LOADED, budget.left())) {
      throw budget.exceeded(bytes(), expected);
    }
    budget.check(bytes(), expected);
    narrator
        .tell(new MigrationEvent.Noted(narrator.now(), narrator.side(), "the target has loaded everything"));
  }
}
