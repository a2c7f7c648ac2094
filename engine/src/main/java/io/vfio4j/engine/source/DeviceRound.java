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

/** One device's share of each pre-copy round; used by the device's thread. */
final class DeviceRound {

  /**
   * Assumed size of what a device sends only once it is stopped, its registers, if it reports no estimate.
   */
  private static final long REGISTERS_BYTES = 64 << 10;

  /** The longest round, so that the policy is consulted from time to time. */
  private static final Duration MAX_DURATION = Duration.ofMinutes(1);

  /** The longest round if a device does not report its pending bytes, and may never run dry. */
  private static final Duration MAX_DURATION_UNKNOWN = Duration.ofSeconds(1);

  private final PhaseTracker tracker;
  private final boolean preCopy;
  private final boolean acknowledged;
  private boolean initialReported;

  /**
   * Creates the share of a device.
   *
   * @param wanted whether the device is read while it runs, if it supports that
   * @param acknowledged whether the target acknowledges initial data
   */
  DeviceRound(PhaseTracker tracker, boolean wanted, boolean acknowledged) {
    this.tracker = tracker;
    this.preCopy = wanted;
    this.acknowledged = acknowledged;
  }

  /**
   * The result of a round.
   *
   * @param bytes bytes sent
   * @param expectedLeft bytes that would be left if nothing had changed meanwhile
   * @param left bytes left, as reported by the device
   * @param assumed further bytes that may be left and are not reported
   * @param initialDone whether all initial data has been sent
   * @param initialReported whether the target was notified of that; true if it requires no notification
   * @param isDry whether nothing is left to send now
   */
  record Result(long bytes, long expectedLeft, long left, long assumed, boolean initialDone,
      boolean initialReported, boolean isDry) {
  }

  boolean participates(MigratingDevice device) {
    return preCopy && device.has(MigrationFeature.PRE_COPY);
  }

  /** Sends as many bytes as were pending at the start. */
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
      initialReported = false; // The device has new initial data.
    } else if (acknowledged && !initialReported) {
      sender.sendInitialDone();
      initialReported = true;
    }
    long pendingThen = info.map(PreCopyInfo::pending).orElse(0L);
    OptionalLong estimate = stopCopyLength(device);
    return new Result(sent, Math.max(0, pending - sent), Math.max(pendingThen, estimate.orElse(0)),
        estimate.isPresent() ? 0 : REGISTERS_BYTES, initialDone, initialReported || !acknowledged, dry);
  }

  /** Sends as many bytes as were pending; returns whether the device ran dry. */
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
