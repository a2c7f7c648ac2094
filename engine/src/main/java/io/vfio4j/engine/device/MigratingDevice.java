// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.device;

import io.vfio4j.engine.MigrationEvent;
import io.vfio4j.engine.progress.PhaseTracker;
import io.vfio4j.engine.util.Exceptions;
import io.vfio4j.model.DataSession;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceLostException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.MigratableDevice;
import io.vfio4j.model.MigrationFeature;
import io.vfio4j.model.PreCopyInfo;
import io.vfio4j.model.ResumingSession;
import io.vfio4j.model.SavingSession;
import io.vfio4j.model.TransitionException;
import io.vfio4j.model.TransitionResult;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A device of one side during a run: its last known state and its data session. {@link #move} is the only
 * place that changes the state, and reports each transition as {@code TransitionStart} and {@code
 * TransitionEnd}, the latter with the reason of a failure.
 *
 * <p>
 * The device's thread makes all calls to it; other threads read only {@link #lastState}, {@link #isTouched}
 * and {@link #isHung}, which are volatile.
 */
public final class MigratingDevice implements AutoCloseable {

  private final MigratableDevice device;
  private final int number;
  private final PhaseTracker tracker;
  private volatile @Nullable DeviceState lastState;
  private @Nullable DataSession session;
  private volatile boolean touched;
  private volatile boolean hung;

  MigratingDevice(MigratableDevice device, int number, PhaseTracker tracker) {
    this.device = device;
    this.number = number;
    this.tracker = tracker;
  }

  public MigratableDevice device() {
    return device;
  }

  /** Returns its position among the devices of its side, from 0. */
  public int number() {
    return number;
  }

  public String name() {
    return device.identity().name();
  }

  public boolean has(MigrationFeature feature) {
    return device.features().has(feature);
  }

  /** Returns the last known state; empty if it was never queried, or the device is lost. */
  public Optional<DeviceState> lastState() {
    return Optional.ofNullable(lastState);
  }

  /** Returns whether a transition or reset of the device has been attempted. */
  public boolean isTouched() {
    return touched;
  }

  /** Marks the device as hung: a call has not returned, and no other thread may call the device. */
  public void markHung() {
    hung = true;
    lastState = null;
  }

  public boolean isHung() {
    return hung;
  }

  /** Queries the state from the device. */
  public DeviceState queryState() throws DeviceException {
    try {
      DeviceState state = device.state();
      lastState = state;
      return state;
    } catch (DeviceLostException e) {
      lastState = null;
      throw e;
    }
  }

  public void move(DeviceState target, String reason) throws DeviceException {
    DeviceState before = lastState;
    DeviceState from = before != null ? before : queryState();
    tracker
        .report(new MigrationEvent.TransitionStart(tracker.now(), tracker.side(), name(), from, target,
            reason));
    touched = true;
    try {
      TransitionResult reached = device.moveTo(target);
      recordState(from, reached.state(), reached.session().orElse(null), reason);
      if (reached.state() != target) {
        throw protocolViolation(
            "it was moved to %s but reports %s".formatted(target, reached.state()));
      }
    } catch (TransitionException e) {
      recordState(from, e.reached(), null, "transition to %s failed: %s%s".formatted(target, e.errno(),
          e.reason().map(why -> ": " + why).orElse("")));
      throw e;
    } catch (DeviceLostException e) {
      lastState = null;
      throw e;
    }
  }

  /** Moves the device, and returns the duration of the transition. */
  public Duration timedMove(DeviceState target, String reason) throws DeviceException {
    Duration before = tracker.now();
    move(target, reason);
    return tracker.now().minus(before);
  }

  public void reset(String reason) throws DeviceException {
    DeviceState before = lastState;
    DeviceState from = before != null ? before : DeviceState.ERROR;
    DeviceState target = DeviceState.RUNNING;
    String why = "reset: " + reason;
    tracker
        .report(
            new MigrationEvent.TransitionStart(tracker.now(), tracker.side(), name(), from, target, why));
    touched = true;
    try {
      device.reset();
    } catch (DeviceLostException e) {
      lastState = null;
      throw e;
    }
    recordState(from, target, null, why);
  }

  /** Records and reports the state. It is stored first, because a listener may throw. */
  private void recordState(DeviceState from, DeviceState to, @Nullable DataSession begun, String reason) {
    lastState = hung ? null : to;
    if (begun != null || !keepsSession(to)) {
      closeSession();
      session = begun;
    }
    tracker
        .report(new MigrationEvent.TransitionEnd(tracker.now(), tracker.side(), name(), from, to, reason));
  }

  private static boolean keepsSession(DeviceState state) {
    return state.isSaving() || state == DeviceState.RESUMING;
  }

  /** Reads from the saving session, see {@link SavingSession#read}. */
  public long read(MemorySegment into) throws DeviceException {
    long count = savingSession().read(into);
    if (count < SavingSession.END || count > into.byteSize()) {
      throw protocolViolation("%d bytes read into %d".formatted(count, into.byteSize()));
    }
    return count;
  }

  /** Returns whether the last read ended a segment, see {@link SavingSession#segmentEnded}. */
  public boolean segmentEnded() throws DeviceException {
    return savingSession().segmentEnded();
  }

  public Optional<PreCopyInfo> preCopyInfo() throws DeviceException {
    return savingSession().preCopyInfo();
  }

  private SavingSession savingSession() throws DeviceException {
    if (session instanceof SavingSession saving) {
      return saving;
    }
    throw protocolViolation("no saving session in " + lastState);
  }

  /** Writes to the resuming session. */
  public void write(MemorySegment data) throws DeviceException {
    resumingSession().write(data);
  }

  /** Ends a segment of the resuming session. */
  public void endSegment() throws DeviceException {
    resumingSession().endSegment();
  }

  private ResumingSession resumingSession() throws DeviceException {
    if (session instanceof ResumingSession resuming) {
      return resuming;
    }
    throw protocolViolation("no resuming session in " + lastState);
  }

  /** Returns an exception for a device that violates the migration protocol. */
  public DeviceException protocolViolation(String what) {
    return new DeviceException(name(), "migration", Errno.EPROTO,
        "%s violates the migration protocol: %s".formatted(name(), what), null);
  }

  private void closeSession() {
    DataSession ending = session;
    session = null;
    if (ending != null) {
      try {
        ending.close();
      } catch (RuntimeException e) {
        // The session is over in any case, and the device has its state.
        tracker.note("a data session of %s did not close: %s".formatted(name(), Exceptions.message(e)));
      }
    }
  }

  /** Closes the data session, if one is open; the device keeps its state. */
  @Override
  public void close() {
    closeSession();
  }
}
