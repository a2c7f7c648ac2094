// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import io.vfio4j.model.DeviceState;
import io.vfio4j.model.MigrationFeature;
import io.vfio4j.model.SavingSession;
import java.io.IOException;
import java.time.Duration;
import java.util.OptionalLong;

/** Stops the workload and the device, and streams the rest until the target has loaded it. */
final class Switchover {

  private final MovedDevice device;
  private final Link link;
  private final Pump pump;
  private final PausableWorkload workload;
  private final MigrationOptions options;
  private final Narrator narrator;
  private long sentBefore;

  Switchover(MovedDevice device, Link link, Pump pump, PausableWorkload workload, MigrationOptions options,
      Narrator narrator) {
    this.device = device;
    this.link = link;
    this.pump = pump;
    this.workload = workload;
    this.options = options;
    this.narrator = narrator;
  }

  /** Returns when the downtime began: with the pause of the workload. */
  Duration run() throws IOException {
    narrator.enter(new Phase.StopCopy(options.maxDowntime()),
        "the rest is sent while the device stands still");
    sentBefore = pump.bytes();
    long expected = expectedBytes();
    grace();
    Duration began = narrator.now();
    DowntimeBudget budget = new DowntimeBudget(narrator, options.maxDowntime());
    workload.pause();
    device.move(DeviceState.STOP_COPY, "switchover");
    drain(budget, expected);
    link.out().sendEnd();
    awaitLoaded(budget, expected);
    return began;
  }

  /** Returns how many bytes the pump has sent since the device was to stop. */
  long bytes() {
    return pump.bytes() - sentBefore;
  }

  private long expectedBytes() throws IOException {
    OptionalLong estimate = device.device().stopCopyLength();
    return estimate.orElse(pump.prediction().map(Prediction::remaining).orElse(0L));
  }

  /**
   * Enters the grace state, if the device has one, while the workload still runs: I/O page faults in flight
   * may need it to be completed. If that takes longer than the downtime may, nothing further is begun.
   */
  private void grace() throws IOException {
    if (!device.has(MigrationFeature.P2P)) {
      return;
    }
    Duration before = narrator.now();
    boolean saving = device.known().filter(DeviceState::isSaving).isPresent();
    device.move(saving ? DeviceState.PRE_COPY_P2P : DeviceState.RUNNING_P2P, "no new peer-to-peer traffic");
    Duration took = narrator.now().minus(before);
    if (took.compareTo(options.maxDowntime()) > 0) {
      throw new OverBudgetException("%s took %s to end its peer-to-peer traffic, longer than the limit of %s"
          .formatted(device.name(), Words.time(took), Words.time(options.maxDowntime())));
    }
  }

  private void drain(DowntimeBudget budget, long expected) throws IOException {
    long count;
    do {
      budget.check(bytes(), expected);
      count = pump.pump(device);
      if (count == SavingSession.NOTHING_NOW) {
        throw device.brokeProtocol("there is nothing to read in STOP_COPY, but no end either");
      }
    } while (count != SavingSession.END);
    pump.tellProgress();
  }

  private void awaitLoaded(DowntimeBudget budget, long expected) throws IOException {
    budget.check(bytes(), expected);
    Duration patience = budget.leftAtMost(link.stall());
    try {
      link.expect(FrameKind.LOADED, patience);
    } catch (StalledException e) {
      if (patience.compareTo(link.stall()) >= 0) {
        throw e;
      }
      OverBudgetException exceeded = budget.exceeded(bytes(), expected);
      exceeded.addSuppressed(e);
      throw exceeded;
    }
    budget.check(bytes(), expected);
    narrator.note("the target has loaded everything");
  }
}
