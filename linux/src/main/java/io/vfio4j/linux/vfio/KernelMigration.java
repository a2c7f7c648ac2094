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

/** Moves a kernel device from state to state, and knows where it is. */
final class KernelMigration implements AutoCloseable {

  private final VfioFile file;
  private final FeatureCalls calls;
  private final long migrationFlags;
  private final MigrationFeatures features;
  private final boolean reportsReinit;
  /** Where the device is; nobody else can move it while its file is open. */
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

  /** Asks the driver for all features, also for those that nothing here knows. */
  OfferedFeatures offeredFeatures() throws DeviceException {
    return OfferedFeatures.probe(number -> calls.offers(number, 0), migrationFlags);
  }

  /** Tells whether the flags of the pre-copy information mean something. */
  boolean reportsReinit() {
    return reportsReinit;
  }

  /** Returns where the device is, without asking. */
  DeviceState lastState() {
    return lastState;
  }

  /** Asks where the device is. */
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

  /** A driver may take a state of which a part was lost, and run on garbage. */
  private void checkNotCorrupted(DeviceState target) throws DeviceException {
    if (lastState == DeviceState.RESUMING && session instanceof KernelResumingSession resuming
        && resuming.isCorrupted()) {
      throw new DeviceException(file.device(), "move to " + target, Errno.EIO,
          ("%s: not moved to %s: a write of its state failed before, and what it holds of it is of no use; only a "
              + "reset helps").formatted(file.device(), target),
          null);
    }
  }

  /** The kernel's answer to a move that failed has the state that was asked for: where the device is has to be read. */
  private DeviceException transitionFailure(DeviceState from, DeviceState target, Errno errno)
      throws DeviceLostException {
    try {
      return new TransitionException(file.device(), from, target, errno, state(), null);
    } catch (DeviceLostException e) {
      throw e;
    } catch (DeviceException e) {
      throw new DeviceLostException(file.device(), "move from %s to %s".formatted(from, target), errno,
          "%s, and where it is now cannot be read: %s".formatted(errno, e.errno()), e);
    }
  }

  private Optional<KernelSession> openSession(DeviceState from, DeviceState target, int fd)
      throws DeviceException {
    boolean isDue = target.isSaving() ? !from.isSaving()
        : target == DeviceState.RESUMING && from != DeviceState.RESUMING;
    if (fd == FeatureCalls.NO_SESSION) {
      if (isDue) {
        throw new DeviceException(file.device(), "move from %s to %s".formatted(from, target), Errno.EPROTO,
            "%s: it is in %s, but its driver gave no data session".formatted(file.device(), target), null);
      }
      return Optional.empty();
    }
    VfioFile data = new VfioFile(file.calls(), fd, "the data of " + file.device(), file.device());
    if (!isDue) {
      data.close();
      throw new DeviceException(file.device(), "move from %s to %s".formatted(from, target), Errno.EPROTO,
          "%s: it is in %s, but its driver gave a data session that nobody asked for".formatted(file.device(),
              target),
          null);
    }
    KernelSession begun =
        target.isSaving() ? new KernelSavingSession(this, data) : new KernelResumingSession(this, data);
    replaceSession(begun);
    return Optional.of(begun);
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

  /** Notes that the device was reset. */
  void onReset() throws DeviceException {
    if (session != null) {
      session.end();
    }
    if (features.canMigrate() && state() != DeviceState.RUNNING) {
      throw new DeviceException(file.device(), "reset", Errno.EIO,
          "%s: it is in %s after a reset, and not in RUNNING".formatted(file.device(), lastState), null);
    }
  }

  /** Reads from the last session, whether or not it is over. */
  long readSession(MemorySegment into) throws DeviceException {
    return requireSuccess("read the state",
        session == null ? -Errno.ENODEV.number() : session.file().read(into));
  }

  /** Writes to the last session, whether or not it is over. */
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
