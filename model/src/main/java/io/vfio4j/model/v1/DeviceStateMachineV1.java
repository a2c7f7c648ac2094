// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.v1;

import io.vfio4j.model.ArcException;
import io.vfio4j.model.Errno;
import java.util.List;

/**
 * Holds the {@code device_state} field of a device with version 1 and judges what is written to it.
 *
 * <p>
 * A write is done when it returns, and values between the old and the new are never seen. A write that fails
 * leaves the whole field as it was, or ERROR with the reserved bits kept. Reserved bits have no meaning; they
 * stay as they were last written.
 *
 * <p>
 * Not safe for use by several threads.
 */
public final class DeviceStateMachineV1 {

  /** The part of a device that does what a write asks for. */
  @FunctionalInterface
  public interface WriteTaker {

    /**
     * Takes the device from one state to another, all the way or not at all.
     *
     * @param arc from where to where
     * @param actions what to do, in this order; none where only SAVING is cleared, and the data window closes
     * @throws ArcException if the device failed: it is in the state before again, or in ERROR if it cannot be
     */
    void take(ArcV1 arc, List<ActionV1> actions) throws ArcException;
  }

  /** Hears of every change of the field. */
  @FunctionalInterface
  public interface Listener {

    /**
     * The field changed.
     *
     * @param from what it was
     * @param to what it is now
     * @param reason why, for people
     */
    void stateChanged(DeviceStateV1 from, DeviceStateV1 to, String reason);
  }

  private final FeaturesV1 features;
  private final WriteTaker device;
  private final Listener listener;
  private DeviceStateV1 state = DeviceStateV1.RUNNING;

  /**
   * Makes a state machine in RUNNING.
   *
   * @param features what the device can do; writes that ask for more are answered EINVAL
   * @param device does what is written
   * @param listener hears of every change
   */
  public DeviceStateMachineV1(FeaturesV1 features, WriteTaker device, Listener listener) {
    this.features = features;
    this.device = device;
    this.listener = listener;
  }

  /** Returns what the device can do. */
  public FeaturesV1 features() {
    return features;
  }

  /** Returns the field as a user reads it. */
  public DeviceStateV1 state() {
    return state;
  }

  /**
   * Writes the field.
   *
   * @param value any value that came from outside
   * @return the actions that were taken, in their order
   * @throws StateWriteException with EINVAL if the value may not be written, the device lacks the transition,
   *     or it is in ERROR; with the device's errno if it failed
   */
  public List<ActionV1> write(int value) throws StateWriteException {
    DeviceStateV1 before = state;
    DeviceStateV1 target = new DeviceStateV1(value);
    check(target);
    List<ActionV1> actions = ActionV1.of(before, target);
    if (!before.effective().equals(target.effective())) {
      take(target, actions);
    }
    setState(target, "written");
    return actions;
  }

  private void check(DeviceStateV1 target) throws StateWriteException {
    if (state.isError()) {
      throw refused(target, "only a reset leaves ERROR");
    }
    if (!target.isWritable(features.ndma())) {
      throw refused(target, target.isWritable(true) ? "it has no NDMA" : "no user may write that");
    }
    boolean moves = !state.effective().equals(target.effective());
    if (moves && !features.has(new ArcV1(state, target))) {
      throw refused(target, "it lacks this transition");
    }
  }

  private StateWriteException refused(DeviceStateV1 target, String reason) {
    return new StateWriteException(Errno.EINVAL, state, target, state, reason);
  }

  private void take(DeviceStateV1 target, List<ActionV1> actions) throws StateWriteException {
    DeviceStateV1 before = state;
    try {
      device.take(new ArcV1(before, target), actions);
    } catch (ArcException e) {
      if (e.entersError()) {
        setState(before.with(DeviceStateV1.ERROR), "failed on the way to " + target);
      }
      StateWriteException failure =
          new StateWriteException(e.errno(), before, target, state, String.valueOf(e.getMessage()));
      failure.initCause(e);
      throw failure;
    }
  }

  /** Notes that the device has been reset: the field is exactly RUNNING. */
  public void onReset(String reason) {
    setState(DeviceStateV1.RUNNING, reason);
  }

  /** Notes that the device was moved otherwise than by a write to this field. */
  public void onMoved(DeviceStateV1 to, String reason) {
    setState(state.with(to), reason);
  }

  private void setState(DeviceStateV1 to, String reason) {
    DeviceStateV1 from = state;
    state = to;
    if (!from.equals(to)) {
      listener.stateChanged(from, to, reason);
    }
  }
}
