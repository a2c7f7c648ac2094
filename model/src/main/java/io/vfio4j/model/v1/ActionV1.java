// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.v1;

import java.util.ArrayList;
import java.util.List;

/**
 * An action of a device on a change of bits in {@link DeviceStateV1}, in the order in which a write that
 * changes several bits takes them. Clearing SAVING alone requires no action: the data window closes.
 */
public enum ActionV1 {
  /** Opens the data window for the data that can be read while the device runs. */
  PRE_COPY("SAVING|RUNNING"),
  /** Completes the DMA in flight and starts no more. */
  STOP_DMA("NDMA"),
  /** Stops: no interrupts, no DMA, no advance of the internal state. */
  STOP("!RUNNING"),
  /** Captures the state of the stopped device and opens the data window for it. */
  STOP_COPY("SAVING|!RUNNING"),
  /** Opens the data window for a saved state. */
  OPEN_RESUMING("RESUMING"),
  /** Loads what was written into the data window. */
  LOAD("!RESUMING"),
  /** Starts the device. */
  RUN("RUNNING"),
  /** Permits DMA again. */
  ALLOW_DMA("!NDMA");

  private final String notation;

  ActionV1(String notation) {
    this.notation = notation;
  }

  /**
   * Returns the actions of a write in the order in which a device takes them: that of {@link
   * #inLiteralOrder}, except that a write which clears RESUMING and sets SAVING loads before it captures.
   *
   * @param from the state before the write
   * @param to the value written
   */
  public static List<ActionV1> of(DeviceStateV1 from, DeviceStateV1 to) {
    List<ActionV1> actions = new ArrayList<>(inLiteralOrder(from, to));
    if (loadsBeforeCapture(from, to)) {
      actions.remove(LOAD);
      actions.addFirst(LOAD);
    }
    return List.copyOf(actions);
  }

  /**
   * Returns the actions of a write in the order listed by the protocol. For a write that clears RESUMING and
   * sets SAVING, a device cannot follow it: it would capture the state that it is about to replace.
   *
   * @param from the state before the write
   * @param to the value written
   */
  public static List<ActionV1> inLiteralOrder(DeviceStateV1 from, DeviceStateV1 to) {
    List<ActionV1> actions = new ArrayList<>();
    for (ActionV1 action : values()) {
      if (action.isRequired(from, to)) {
        actions.add(action);
      }
    }
    return List.copyOf(actions);
  }

  /** Returns whether a write loads before it captures, and so deviates from the literal order. */
  public static boolean loadsBeforeCapture(DeviceStateV1 from, DeviceStateV1 to) {
    return from.isResuming() && !to.isResuming() && to.isSaving() && !from.isSaving();
  }

  private boolean isRequired(DeviceStateV1 from, DeviceStateV1 to) {
    return switch (this) {
      case PRE_COPY -> isPreCopy(to) && !isPreCopy(from);
      case STOP_DMA -> to.hasNdma() && !from.hasNdma();
      case STOP -> !to.isRunning() && from.isRunning();
      case STOP_COPY -> isStopCopy(to) && !isStopCopy(from);
      case OPEN_RESUMING -> to.isResuming() && !from.isResuming();
      case LOAD -> !to.isResuming() && from.isResuming();
      case RUN -> to.isRunning() && !from.isRunning();
      case ALLOW_DMA -> !to.hasNdma() && from.hasNdma();
    };
  }

  private static boolean isPreCopy(DeviceStateV1 state) {
    return state.isSaving() && state.isRunning();
  }

  private static boolean isStopCopy(DeviceStateV1 state) {
    return state.isSaving() && !state.isRunning();
  }

  /** Returns the bits that cause the action, as in {@code SAVING|!RUNNING}. */
  @Override
  public String toString() {
    return notation;
  }
}
