// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.v1;

import io.vfio4j.model.ArcException;
import io.vfio4j.model.Errno;
import java.util.List;

/**
 * The state machine of a device with version 1: holds the {@code device_state} field and validates what is
 * written to it.
 *
 * <p>
 * It begins in RUNNING. A write is complete when it returns, and no intermediate value is ever visible: the
 * field has the value written; or, if the write was refused or failed, the value before; or ERROR with the
 * reserved bits kept. Only {@link #onReset} leaves ERROR; it leads to exactly RUNNING from every state.
 * Reserved bits have no meaning and keep the values last written.
 *
 * <p>
 * Not thread-safe: all calls are made by the device's thread.
 */
public final class DeviceStateMachineV1 {

  /** The part of a device that executes writes. */
  @FunctionalInterface
  public interface WriteTaker {

    /**
     * Moves the device from one state to another, completely or not at all.
     *
     * @param arc the states before and after
     * @param actions the actions to take, in order; none if only SAVING is cleared, which closes the data
     *     window
     * @throws ArcException if the device failed: it is in the state before, or in ERROR if it cannot return
     *     to that
     */
    void take(ArcV1 arc, List<ActionV1> actions) throws ArcException;
  }

  /** Receives every change of the field. */
  @FunctionalInterface
  public interface Listener {

    /**
     * Called after the field changed.
     *
     * @param from the previous value
     * @param to the new value
     * @param reason the reason, for messages
     */
    void stateChanged(DeviceStateV1 from, DeviceStateV1 to, String reason);
  }

  private final FeaturesV1 features;
  private final WriteTaker device;
  private final Listener listener;
  private DeviceStateV1 state = DeviceStateV1.RUNNING;

  /**
   * Creates a state machine in RUNNING.
   *
   * @param features the features of the device; writes that need others are refused with EINVAL
   * @param device executes the writes
   * @param listener receives every change of the field
   */
  public DeviceStateMachineV1(FeaturesV1 features, WriteTaker device, Listener listener) {
    this.features = features;
    this.device = device;
    this.listener = listener;
  }

  /** Returns the features of the device. */
  public FeaturesV1 features() {
    return features;
  }

  /** Returns the value of the field. */
  public DeviceStateV1 state() {
    return state;
  }

  /**
   * Writes the field.
   *
   * @param value any value
   * @return the actions taken, in order
   * @throws StateWriteException EINVAL if the value is not writable, the device lacks the transition, or it
   *     is in ERROR; the device's errno if it failed
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
      throw refused(target, target.isWritable(true) ? "the device has no NDMA" : "the value is not writable");
    }
    boolean moves = !state.effective().equals(target.effective());
    if (moves && !features.has(new ArcV1(state, target))) {
      throw refused(target, "the device lacks this transition");
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
        setState(before.with(DeviceStateV1.ERROR), "failed during the transition to " + target);
      }
      StateWriteException failure =
          new StateWriteException(e.errno(), before, target, state, String.valueOf(e.getMessage()));
      failure.initCause(e);
      throw failure;
    }
  }

  /** Sets the field to exactly RUNNING after a reset of the device. */
  public void onReset(String reason) {
    setState(DeviceStateV1.RUNNING, reason);
  }

  /** Updates the field after the device was moved by other means than a write to it. */
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
