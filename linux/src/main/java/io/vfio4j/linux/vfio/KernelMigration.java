// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux.vfio;

import io.vfio4j.linux.vfio.FeatureStructs.Feature;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceLostException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.MigrationFeature;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.OfferedFeatures;
import io.vfio4j.model.TransitionException;
import io.vfio4j.model.TransitionResult;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Moves a kernel device between states, and keeps track of its state and its data session.
 *
 * <p>
 * A session is open from the transition that began it until the device leaves the states that it is valid in;
 * it then remains the last session, ended but not closed, until another one begins or this object is closed.
 */
final class KernelMigration implements AutoCloseable {

  private final VfioFile file;
  private final FeatureCalls calls;
  private final long migrationFlags;
  private final MigrationFeatures features;
  private final boolean reportsReinit;
  /**
   * The last known state, which no other process can change while the file is open. Written by the thread
   * that drives the device.
   */
  private volatile DeviceState lastState = DeviceState.RUNNING;
  private @Nullable KernelSession session;

  KernelMigration(VfioFile file) throws DeviceException {
    this.file = file;
    calls = new FeatureCalls(file);
    migrationFlags = calls.migrationFlags();
    features = MigrationFeatures.fromFlags(migrationFlags);
    reportsReinit = features.has(MigrationFeature.PRE_COPY)
        && calls.tryIoctl(Feature.MIG_PRECOPY_INFO_V2 | Feature.SET) >= 0;
    state();
  }

  FeatureCalls calls() {
    return calls;
  }

  MigrationFeatures features() {
    return features;
  }

  /** Probes the driver for all features, known to this program or not. */
  OfferedFeatures offeredFeatures() throws DeviceException {
    return OfferedFeatures.probe(number -> calls.offers(number, 0), migrationFlags);
  }

  /** Returns whether the flags of the pre-copy info are valid. */
  boolean reportsReinit() {
    return reportsReinit;
  }

  /** Returns the last known state, without a system call. */
  DeviceState lastState() {
    return lastState;
  }

  /** Queries the state of the device. */
  DeviceState state() throws DeviceException {
    if (!features.canMigrate()) {
      return DeviceState.RUNNING;
    }
    DeviceState state = calls.state();
    updateState(state);
    return state;
  }

  OptionalLong stopCopyLength() throws DeviceException {
    long length = features.canMigrate() ? calls.dataSize() : -1;
    return length < 0 ? OptionalLong.empty() : OptionalLong.of(length);
  }

  TransitionResult moveTo(DeviceState target) throws DeviceException {
    DeviceState from = lastState;
    if (!features.canMigrate()) {
      throw new TransitionException(file.device(), from, target, Errno.ENOTTY, from, null);
    }
    checkNotCorrupted(target);
    int result = calls.setState(target.wireValue());
    if (result < 0 && result != FeatureCalls.NO_SESSION) {
      throw transitionFailure(from, target, new Errno(-result));
    }
    updateState(target);
    return new TransitionResult(target, openSession(from, target, result).map(KernelSession::dataSession));
  }

  /** Refuses to leave RESUMING after a failed write: a driver may load a state with parts missing. */
  private void checkNotCorrupted(DeviceState target) throws DeviceException {
    if (lastState == DeviceState.RESUMING && session instanceof KernelResumingSession resuming
        && resuming.isCorrupted()) {
      throw new DeviceException(file.device(), "transition to " + target, Errno.EIO,
          "%s: not moved to %s: a write of its state failed, so its state is incomplete; reset the device"
              .formatted(file.device(), target),
          null);
    }
  }

  /**
   * Returns the exception for a failed transition. The kernel's reply contains the requested state, so the
   * current one is queried.
   */
  private DeviceException transitionFailure(DeviceState from, DeviceState target, Errno errno)
      throws DeviceLostException {
    try {
      return new TransitionException(file.device(), from, target, errno, state(), null);
    } catch (DeviceLostException e) {
      throw e;
    } catch (DeviceException e) {
      throw new DeviceLostException(file.device(), "transition from %s to %s".formatted(from, target), errno,
          "%s, and its state cannot be read: %s".formatted(errno, e.errno()), e);
    }
  }

  private Optional<KernelSession> openSession(DeviceState from, DeviceState target, int fd)
      throws DeviceException {
    boolean opensSession = target.isSaving() ? !from.isSaving()
        : target == DeviceState.RESUMING && from != DeviceState.RESUMING;
    if (fd == FeatureCalls.NO_SESSION) {
      if (opensSession) {
        throw new DeviceException(file.device(), "transition from %s to %s".formatted(from, target),
            Errno.EPROTO,
            "%s: it is in %s, but its driver opened no data session".formatted(file.device(), target), null);
      }
      return Optional.empty();
    }
    VfioFile data = new VfioFile(file.calls(), fd, "the data of " + file.device(), file.device());
    if (!opensSession) {
      data.close();
      throw new DeviceException(file.device(), "transition from %s to %s".formatted(from, target),
          Errno.EPROTO,
          "%s: it is in %s, but its driver opened an unexpected data session".formatted(file.device(),
              target),
          null);
    }
    KernelSession opened =
        target.isSaving() ? new KernelSavingSession(this, data) : new KernelResumingSession(this, data);
    replaceSession(opened);
    return Optional.of(opened);
  }

  private void updateState(DeviceState state) {
    lastState = state;
    if (session != null && !session.isValidIn(state)) {
      session.end();
    }
  }

  private void replaceSession(@Nullable KernelSession next) {
    if (session != null) {
      session.end();
      session.file().close();
    }
    session = next;
  }

  /** Ends the session after a reset of the device, and checks its state. */
  void onReset() throws DeviceException {
    if (session != null) {
      session.end();
    }
    if (features.canMigrate() && state() != DeviceState.RUNNING) {
      throw new DeviceException(file.device(), "reset", Errno.EIO,
          "%s: it is in %s after a reset, not in RUNNING".formatted(file.device(), lastState), null);
    }
  }

  /** Reads from the last session, ended or not. */
  long readSession(MemorySegment into) throws DeviceException {
    return requireSuccess("read the state",
        session == null ? -Errno.ENODEV.number() : session.file().read(into));
  }

  /** Writes to the last session, ended or not. */
  void writeSession(MemorySegment data) throws DeviceException {
    requireSuccess("write the state", session == null ? -Errno.ENODEV.number() : session.file().write(data));
  }

  private long requireSuccess(String action, long result) throws DeviceException {
    if (result < 0) {
      throw new DeviceException(file.device(), action, new Errno((int) -result));
    }
    return result;
  }

  @Override
  public void close() {
    replaceSession(null);
  }
}
