// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

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
 * One side's device: knows where it is as far as anybody can tell, owns its data session, and tells of
 * every move. One thread drives it; what is known of it, others may ask.
 */
final class MovedDevice implements AutoCloseable {

  private final MigratableDevice device;
  private final int number;
  private final Narrator narrator;
  private volatile @Nullable DeviceState known;
  private @Nullable DataSession session;
  private volatile boolean touched;
  private volatile boolean hung;

  MovedDevice(MigratableDevice device, int number, Narrator narrator) {
    this.device = device;
    this.number = number;
    this.narrator = narrator;
  }

  MigratableDevice device() {
    return device;
  }

  /** Returns its place among the devices of its side, from 0. */
  int number() {
    return number;
  }

  String name() {
    return device.identity().name();
  }

  boolean has(MigrationFeature feature) {
    return device.features().has(feature);
  }

  /** Returns the last state known; empty where the device was never asked or is lost. */
  Optional<DeviceState> known() {
    return Optional.ofNullable(known);
  }

  /** Tells whether the device has been moved or reset, or somebody tried to. */
  boolean isTouched() {
    return touched;
  }

  /** A call did not return: nobody may drive the device any more, for its thread still does. */
  void hang() {
    hung = true;
    known = null;
  }

  boolean isHung() {
    return hung;
  }

  /** Asks the device for its state. */
  DeviceState ask() throws DeviceException {
    try {
      DeviceState state = device.state();
      known = state;
      return state;
    } catch (DeviceLostException e) {
      known = null;
      throw e;
    }
  }

  void move(DeviceState target, String reason) throws DeviceException {
    DeviceState before = known;
    DeviceState from = before != null ? before : ask();
    narrator
        .tell(new MigrationEvent.DeviceMoving(narrator.now(), narrator.side(), name(), from, target, reason));
    touched = true;
    try {
      TransitionResult reached = device.moveTo(target);
      arrived(from, reached.state(), reached.session().orElse(null), reason);
      if (reached.state() != target) {
        throw brokeProtocol(
            "it was sent to %s, and says that it is in %s".formatted(target, reached.state()));
      }
    } catch (TransitionException e) {
      arrived(from, e.reached(), null, "failed on the way to %s: %s%s".formatted(target, e.errno(),
          e.reason().map(why -> ": " + why).orElse("")));
      throw e;
    } catch (DeviceLostException e) {
      known = null;
      throw e;
    }
  }

  /** Moves the device, and returns how long that took. */
  Duration timedMove(DeviceState target, String reason) throws DeviceException {
    Duration before = narrator.now();
    move(target, reason);
    return narrator.now().minus(before);
  }

  void reset(String reason) throws DeviceException {
    DeviceState before = known;
    DeviceState from = before != null ? before : DeviceState.ERROR;
    DeviceState target = DeviceState.RUNNING;
    String why = "reset: " + reason;
    narrator
        .tell(new MigrationEvent.DeviceMoving(narrator.now(), narrator.side(), name(), from, target, why));
    touched = true;
    try {
      device.reset();
    } catch (DeviceLostException e) {
      known = null;
      throw e;
    }
    arrived(from, target, null, why);
  }

  /** The only place where the state changes. It is noted first: a listener may throw. */
  private void arrived(DeviceState from, DeviceState to, @Nullable DataSession begun, String reason) {
    known = hung ? null : to;
    if (begun != null || !keepsSession(to)) {
      closeSession();
      session = begun;
    }
    narrator.tell(new MigrationEvent.DeviceMoved(narrator.now(), narrator.side(), name(), from, to, reason));
  }

  private static boolean keepsSession(DeviceState state) {
    return state.isSaving() || state == DeviceState.RESUMING;
  }

  /** Reads from the saving session, as {@link SavingSession#read} does. */
  long read(MemorySegment into) throws DeviceException {
    long count = saving().read(into);
    if (count < SavingSession.END || count > into.byteSize()) {
      throw brokeProtocol("%d bytes read into %d".formatted(count, into.byteSize()));
    }
    return count;
  }

  /** Tells whether the last read came to the end of a segment, as {@link SavingSession#segmentEnded} does. */
  boolean segmentEnded() throws DeviceException {
    return saving().segmentEnded();
  }

  Optional<PreCopyInfo> preCopyInfo() throws DeviceException {
    return saving().preCopyInfo();
  }

  private SavingSession saving() throws DeviceException {
    if (session instanceof SavingSession saving) {
      return saving;
    }
    throw brokeProtocol("there is no saving session in " + known);
  }

  /** Writes to the resuming session. */
  void write(MemorySegment data) throws DeviceException {
    resuming().write(data);
  }

  /** Ends a segment of the resuming session. */
  void endSegment() throws DeviceException {
    resuming().endSegment();
  }

  private ResumingSession resuming() throws DeviceException {
    if (session instanceof ResumingSession resuming) {
      return resuming;
    }
    throw brokeProtocol("there is no resuming session in " + known);
  }

  /** Returns what to throw when the device does what no device may do. */
  DeviceException brokeProtocol(String what) {
    return new DeviceException(name(), "migration", Errno.EPROTO,
        "%s breaks the migration protocol: %s".formatted(name(), what), null);
  }

  private void closeSession() {
    DataSession ending = session;
    session = null;
    if (ending != null) {
      try {
        ending.close();
      } catch (RuntimeException e) {
        // It is over all the same, and the device is where it is.
        narrator.note("a data session of %s did not close: %s".formatted(name(), Suppression.message(e)));
      }
    }
  }

  /** Lets go of the data session, if there is one; the device stays as it is. */
  @Override
  public void close() {
    closeSession();
  }
}
