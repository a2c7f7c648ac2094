// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.region;

import io.vfio4j.model.DataSession;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceIdentity;
import io.vfio4j.model.DeviceLostException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.DmaLog;
import io.vfio4j.model.Errno;
import io.vfio4j.model.MigratableDevice;
import io.vfio4j.model.MigrationFeature;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.MigrationRegionAccess;
import io.vfio4j.model.ResumingSession;
import io.vfio4j.model.SavingSession;
import io.vfio4j.model.Segmentation;
import io.vfio4j.model.TransitionException;
import io.vfio4j.model.TransitionResult;
import io.vfio4j.model.plan.Planner;
import io.vfio4j.model.plan.Route;
import io.vfio4j.model.plan.Step;
import io.vfio4j.model.v1.ArcV1;
import io.vfio4j.model.v1.DeviceStateV1;
import io.vfio4j.model.v1.FeaturesV1;
import io.vfio4j.model.v1.VersionMapping;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Drives a device that has version 1 alone: the user's side of a migration region.
 *
 * <p>
 * A transition takes the best of the routes that {@link Planner} finds, never one that is discouraged or
 * includes a reset. Which of the optional transitions a device has can only be found by trying them: one that
 * is refused with EINVAL while the state does not change is not tried again, and the next route is taken. If
 * no route remains, the transition fails with the errno of the first refusal.
 *
 * <p>
 * Streams have segments ({@link SavingSession#segmentEnded}, {@link ResumingSession#endSegment}). Pre-copy
 * info counts all pending bytes as dirty bytes. There is no estimate of the stop-copy length.
 *
 * <p>
 * Several threads may query the state while one moves the device; data sessions take no lock.
 */
public final class RegionMigratableDevice implements MigratableDevice {

  private final DeviceIdentity identity;
  private final MigrationRegionAccess region;
  private final RegionFields fields;
  private final Optional<DmaLog> dmaLog;
  private final FeaturesV1 initialFeatures;
  private final Segmentation segmentation;
  /** Held during transitions, resets and queries of the state. */
  private final Lock lock = new ReentrantLock();
  /** Written with {@link #lock} held; read without. */
  private volatile FeaturesV1 knownFeatures;
  /** Guarded by {@link #lock}, except in {@link #close}. */
  private @Nullable RegionSavingSession saving;
  /** Guarded by {@link #lock}, except in {@link #close}. */
  private @Nullable RegionResumingSession resuming;

  /**
   * Creates the user's side of a region.
   *
   * @param identity the identity of the device
   * @param region its migration region
   * @param features the arcs that it is known to have; {@link FeaturesV1#all} if they are to be tried
   * @param dmaLog its log of memory written by DMA, which is not part of the region
   * @param fixedSegments whether it must receive the segments that were saved, as the protocol demands; false
   *     if its state is known to be a plain stream of bytes
   */
  public RegionMigratableDevice(DeviceIdentity identity, MigrationRegionAccess region, FeaturesV1 features,
      Optional<DmaLog> dmaLog, boolean fixedSegments) {
    this.identity = identity;
    this.region = region;
    this.fields = new RegionFields(identity.name(), region);
    this.initialFeatures = features;
    this.knownFeatures = features;
    this.dmaLog = dmaLog;
    this.segmentation =
        new Segmentation(Math.max(1, region.size() - MigrationRegionLayout.HEADER_SIZE), fixedSegments);
  }

  @Override
  public DeviceIdentity identity() {
    return identity;
  }

  /** Returns PRE_COPY, which every device with version 1 has, and P2P if it has NDMA. */
  @Override
  public MigrationFeatures features() {
    return knownFeatures.ndma() ? MigrationFeatures.ALL : MigrationFeatures.of(MigrationFeature.PRE_COPY);
  }

  /** Returns the arcs that the device is known or assumed to have. */
  public FeaturesV1 knownFeatures() {
    return knownFeatures;
  }

  @Override
  public DeviceState state() throws DeviceException {
    lock.lock();
    try {
      DeviceStateV1 state = fields.readState();
      closeEndedSessions(state);
      return toV2(state);
    } finally {
      lock.unlock();
    }
  }

  private static DeviceState toV2(DeviceStateV1 valid) {
    return VersionMapping.toV2(valid).match().orElseThrow();
  }

  @Override
  public TransitionResult moveTo(DeviceState target) throws DeviceException {
    lock.lock();
    try {
      return move(target);
    } finally {
      lock.unlock();
    }
  }

  private TransitionResult move(DeviceState target) throws DeviceException {
    DeviceStateV1 now = fields.readState();
    Optional<DeviceStateV1> goal = VersionMapping.toV1(target, knownFeatures.ndma()).match();
    if (toV2(now) == target && target != DeviceState.ERROR) {
      return new TransitionResult(target, Optional.empty());
    }
    if (goal.isEmpty() || target == DeviceState.ERROR || now.isError()) {
      throw new TransitionException(identity.name(), toV2(now), target, Errno.EINVAL, toV2(now), null);
    }
    return new Transition(now, target).run(goal.get());
  }

  /** A transition, which may take several writes. Its fields are guarded by {@link #lock}. */
  private final class Transition {
    private final DeviceState from;
    private final DeviceState target;
    private DeviceStateV1 now;
    private Optional<DataSession> newSession = Optional.empty();
    private final FeaturesV1 knownBefore = knownFeatures;
    private @Nullable DeviceException refusal;

    Transition(DeviceStateV1 now, DeviceState target) {
      this.now = now;
      this.from = toV2(now);
      this.target = target;
    }

    TransitionResult run(DeviceStateV1 goal) throws DeviceException {
      endLastSegment();
      while (!now.effective().equals(goal)) {
        Route<DeviceStateV1> route =
            Planner.of(knownFeatures).plan(now, goal).best(true).orElseThrow(this::noRoute);
        for (Step<DeviceStateV1> step : route.steps()) {
          if (!tryArc(step.to())) {
            break;
          }
        }
      }
      return new TransitionResult(toV2(now), newSession);
    }

    /** Submits the last segment, if data was written without ending it. */
    private void endLastSegment() throws DeviceException {
      if (resuming == null) {
        return;
      }
      try {
        resuming.endSegment();
      } catch (DeviceLostException e) {
        throw e;
      } catch (DeviceException e) {
        throw new TransitionException(identity.name(), from, target, e.errno(), state(), e);
      }
    }

    /**
     * Forgets what this transition learned: without an alternative route, the refusal may have had another
     * reason than a missing arc.
     */
    private TransitionException noRoute() {
      knownFeatures = knownBefore;
      Errno errno = refusal != null ? refusal.errno() : Errno.EINVAL;
      return new TransitionException(identity.name(), from, target, errno, toV2(now), refusal);
    }

    /** Takes one arc. Returns false, and remembers it, if the device turns out to lack it. */
    private boolean tryArc(DeviceStateV1 to) throws DeviceException {
      DeviceStateV1 before = now;
      try {
        fields.writeState(before.with(to));
      } catch (DeviceLostException e) {
        throw e;
      } catch (DeviceException e) {
        now = fields.readState();
        closeEnded();
        ArcV1 arc = new ArcV1(before, to);
        if (now.effective().equals(before.effective()) && e.errno().equals(Errno.EINVAL)
            && knownFeatures.optional().contains(arc)) {
          knownFeatures = knownFeatures.without(arc);
          refusal = refusal != null ? refusal : e;
          return false;
        }
        throw new TransitionException(identity.name(), from, target, e.errno(), toV2(now), e);
      }
      now = before.with(to);
      closeEnded();
      openSession(before).ifPresent(session -> newSession = Optional.of(session));
      return true;
    }

    private void closeEnded() {
      if (closeEndedSessions(now)) {
        newSession = Optional.empty();
      }
    }

    private Optional<DataSession> openSession(DeviceStateV1 before) {
      if (now.isSaving() && !before.isSaving()) {
        saving = new RegionSavingSession(fields);
        return Optional.of(saving);
      }
      if (now.isResuming() && !before.isResuming()) {
        resuming = new RegionResumingSession(fields, segmentation.isFixed());
        return Optional.of(resuming);
      }
      return Optional.empty();
    }
  }

  /** Ends the sessions that a state does not have. Returns whether there was one. */
  private boolean closeEndedSessions(DeviceStateV1 state) {
    boolean closed = false;
    if (saving != null && !state.isSaving()) {
      saving.close();
      saving = null;
      closed = true;
    }
    if (resuming != null && !state.isResuming()) {
      resuming.close();
      resuming = null;
      closed = true;
    }
    return closed;
  }

  /**
   * {@inheritDoc}
   *
   * @throws DeviceException EIO if the device is not in RUNNING after the reset
   */
  @Override
  public void reset() throws DeviceException {
    lock.lock();
    try {
      closeSessions();
      region.reset();
      // A refusal may have had another reason than a missing arc, and trying again costs little.
      knownFeatures = initialFeatures;
      DeviceStateV1 left = fields.readState();
      if (!left.effective().equals(DeviceStateV1.RUNNING)) {
        throw new DeviceException(identity.name(), "reset", Errno.EIO,
            "%s: a reset leaves the device in %s".formatted(identity.name(), left), null);
      }
    } finally {
      lock.unlock();
    }
  }

  private void closeSessions() {
    if (saving != null) {
      saving.close();
      saving = null;
    }
    if (resuming != null) {
      resuming.close();
      resuming = null;
    }
  }

  @Override
  public OptionalLong stopCopyLength() {
    return OptionalLong.empty();
  }

  @Override
  public Optional<DmaLog> dmaLog() {
    return dmaLog;
  }

  @Override
  public Optional<Segmentation> segmentation() {
    return Optional.of(segmentation);
  }

  /** Closes the device. Its state does not change. */
  @Override
  public void close() {
    closeSessions();
    region.close();
  }
}
