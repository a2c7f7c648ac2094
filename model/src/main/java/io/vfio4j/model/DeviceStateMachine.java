// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import java.util.Optional;

/**
 * Holds the migration state of a device and moves it, one arc at a time, along the way that {@link NextState}
 * gives. The device itself only knows single arcs.
 *
 * <p>
 * Not safe for use by several threads.
 */
public final class DeviceStateMachine {

  /** The part of a device that takes arcs. */
  public interface ArcTaker {

    /**
     * Takes one arc.
     *
     * @param arc one of {@link Arc#of} the device's features
     * @return the data session that the arc opens, if it does
     * @throws ArcException if the device failed at it; its state is the one before the arc, or ERROR
     */
    Optional<DataSession> take(Arc arc) throws ArcException;
  }

  /** Hears of every change of state. */
  @FunctionalInterface
  public interface Listener {

    /**
     * A device changed its state.
     *
     * @param from where it was
     * @param to where it is now
     * @param reason why, for people
     */
    void stateChanged(DeviceState from, DeviceState to, String reason);
  }

  private final String device;
  private final MigrationFeatures features;
  private final NextState nextState;
  private final ArcTaker arcs;
  private final Listener listener;
  private DeviceState state = DeviceState.RUNNING;

  /**
   * Makes a state machine in RUNNING.
   *
   * @param device the device's name, for messages
   * @param features what it can do
   * @param arcs takes the arcs
   * @param listener hears of every change
   */
  public DeviceStateMachine(String device, MigrationFeatures features, ArcTaker arcs, Listener listener) {
    this.device = device;
    this.features = features;
    this.nextState = NextState.of(features);
    this.arcs = arcs;
    this.listener = listener;
  }

  /** Returns the device's features. */
  public MigrationFeatures features() {
    return features;
  }

  /** Returns where the device is. */
  public DeviceState state() {
    return state;
  }

  /**
   * Moves the device.
   *
   * @param target where to
   * @return where it is now and the data session that began, if one did
   * @throws TransitionException if there is no way (EINVAL) or the device failed at an arc
   */
  public TransitionResult moveTo(DeviceState target) throws TransitionException {
    DeviceState from = state;
    if (nextState.next(from, target).isEmpty()) {
      throw new TransitionException(device, from, target, Errno.EINVAL, state,
          new ErrnoException(Errno.EINVAL, from == DeviceState.ERROR
              ? "only a reset leaves ERROR"
              : "no transition leads there with the device's features"));
    }
    Optional<DataSession> session = Optional.empty();
    while (state != target) {
      Arc arc = new Arc(state, nextState.next(state, target).orElseThrow());
      try {
        session = arcs.take(arc);
      } catch (ArcException e) {
        if (e.entersError()) {
          setState(DeviceState.ERROR, "failed at " + arc);
        }
        throw new TransitionException(device, from, target, e.errno(), state, e);
      }
      setState(arc.to(), "toward " + target);
    }
    return new TransitionResult(state, session);
  }

  /** Notes that the device has been reset: it is in RUNNING. */
  public void onReset(String reason) {
    setState(DeviceState.RUNNING, reason);
  }

  private void setState(DeviceState to, String reason) {
    DeviceState from = state;
    state = to;
    if (from != to) {
      listener.stateChanged(from, to, reason);
    }
  }
}
