// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import java.util.Optional;

/**
 * The migration state machine of an emulated device (version 2). It begins in RUNNING and takes the device
 * along the path given by {@link NextState}, one arc at a time; the device implements single arcs only.
 *
 * <p>
 * Any state whose path exists can be requested. If an arc fails, the machine remains in the state before the
 * arc, or enters ERROR if the device says so. Only {@link #onReset} leaves ERROR; it leads to RUNNING from
 * every state.
 *
 * <p>
 * Not thread-safe: all calls are made by the device's thread.
 */
public final class DeviceStateMachine {

  /** The part of a device that takes arcs. */
  public interface ArcTaker {

    /**
     * Takes one arc.
     *
     * @param arc one of {@link Arc#of} the device's features
     * @return the data session that the arc opens, if any
     * @throws ArcException if the device failed; its state is the one before the arc, or ERROR
     */
    Optional<DataSession> take(Arc arc) throws ArcException;
  }

  /** Receives every change of state. */
  @FunctionalInterface
  public interface Listener {

    /**
     * Called after the state changed.
     *
     * @param from the previous state
     * @param to the new state
     * @param reason the reason, for messages
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
   * Creates a state machine in RUNNING.
   *
   * @param device the name of the device, for messages
   * @param features the features of the device
   * @param arcs takes the arcs
   * @param listener receives every change of state
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

  /** Returns the current state. */
  public DeviceState state() {
    return state;
  }

  /**
   * Moves the device to a state.
   *
   * @param target the state to reach
   * @return the state reached, and the data session that began, if any
   * @throws TransitionException EINVAL if there is no path; otherwise the errno of the arc that failed
   */
  public TransitionResult moveTo(DeviceState target) throws TransitionException {
    DeviceState from = state;
    if (nextState.next(from, target).isEmpty()) {
      throw new TransitionException(device, from, target, Errno.EINVAL, state,
          new ErrnoException(Errno.EINVAL, from == DeviceState.ERROR
              ? "only a reset leaves ERROR"
              : "the device's features allow no transition to that state"));
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

  /** Enters RUNNING after a reset of the device. */
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
