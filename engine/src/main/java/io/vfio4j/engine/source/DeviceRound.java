// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.source;

import io.vfio4j.engine.device.MigratingDevice;
import io.vfio4j.engine.progress.PhaseTracker;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.MigrationFeature;
import io.vfio4j.model.PreCopyInfo;
import io.vfio4j.model.SavingSession;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;

/** One device's part of the rounds of pre-copy; used by its thread. */
final class DeviceRound {

  /**
   * Allowed for what a device has to send only once it is stopped, where it gives no estimate: its
   * registers.
   */
  private static final long REGISTERS_BYTES = 64 << 10;

  /** A round ends after so long in any case, so that the policy has a say. */
  private static final Duration MAX_DURATION = Duration.ofMinutes(1);

  /** The same, where a device does not tell what is pending: it may have more for ever. */
  private static final Duration MAX_DURATION_UNKNOWN = Duration.ofSeconds(1);

  private final PhaseTracker tracker;
  private final boolean preCopy;
  private final boolean acknowledged;
  private boolean initialReported;

  /**
   * Makes the rounds of a device.
   *
   * @param wanted whether the device is to be read while it runs, if it can do that
   * @param acknowledged whether the target is to acknowledge initial data
   */
  DeviceRound(PhaseTracker tracker, boolean wanted, boolean acknowledged) {
    this.tracker = tracker;
    this.preCopy = wanted;
    this.acknowledged = acknowledged;
  }

  /**
   * What a round did.
   *
   * @param bytes bytes sent
   * @param expectedLeft bytes that would be left if nothing had changed meanwhile
   * @param left bytes left, as far as the device tells
   * @param assumed bytes that may be left besides, which it does not tell
   * @param initialDone whether all initial data has been sent
   * @param initialReported whether the target has been told that it has come; true where it does not want to know
   * @param isDry whether there is nothing to be sent now
   */
  record Result(long bytes, long expectedLeft, long left, long assumed, boolean initialDone,
      boolean initialReported, boolean isDry) {
  }

  boolean participates(MigratingDevice device) {
    return preCopy && device.has(MigrationFeature.PRE_COPY);
  }

  /** Sends as much as is pending. */
  Result run(MigratingDevice device, DeviceStateSender sender) throws IOException {
    if (!participates(device)) {
      return new Result(0, 0, stopCopyLength(device).orElse(0), 0, true, true, true);
    }
    long pending = info(device).map(PreCopyInfo::pending).orElse(Long.MAX_VALUE);
    long before = sender.bytes();
    boolean dry = send(pending, device, sender);
    long sent = sender.bytes() - before;
    Optional<PreCopyInfo> info = info(device);
    boolean initialDone = info.map(i -> i.initialBytes() == 0).orElse(dry);
    if (!initialDone) {
      initialReported = false; // It has begun anew.
    } else if (acknowledged && !initialReported) {
      sender.sendInitialDone();
      initialReported = true;
    }
    long pendingThen = info.map(PreCopyInfo::pending).orElse(0L);
    OptionalLong estimate = stopCopyLength(device);
    return new Result(sent, Math.max(0, pending - sent), Math.max(pendingThen, estimate.orElse(0)),
        estimate.isPresent() ? 0 : REGISTERS_BYTES, initialDone, initialReported || !acknowledged, dry);
  }

  /** Sends as much as was pending; tells whether the device ran dry. */
  private boolean send(long pending, MigratingDevice device, DeviceStateSender sender) throws IOException {
    Duration deadline = tracker.now().plus(pending == Long.MAX_VALUE ? MAX_DURATION_UNKNOWN : MAX_DURATION);
    for (long left = pending; left > 0;) {
      long count = sender.sendNext(device);
      if (count == SavingSession.NOTHING_NOW) {
        return true;
      }
      if (count == SavingSession.END) {
        throw device.protocolViolation("its stream ends in PRE_COPY");
      }
      left -= count;
      if (tracker.now().compareTo(deadline) > 0) {
        return false;
      }
    }
    return pending == 0;
  }

  static OptionalLong stopCopyLength(MigratingDevice device) throws DeviceException {
    return device.device().stopCopyLength();
  }

  private static Optional<PreCopyInfo> info(MigratingDevice device) throws DeviceException {
    return device.preCopyInfo();
  }
}
