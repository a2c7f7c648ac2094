// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import java.util.List;
import java.util.Optional;

/**
 * The states of {@code enum vfio_device_mig_state} (uapi/linux/vfio.h), in the order of their numbers.
 */
public enum DeviceState {
  /** The device has failed and can only be reset. It cannot be requested. */
  ERROR,
  /** Stopped: no DMA, no interrupts, and the internal state does not change. */
  STOP,
  /** Fully operational; the state after opening and after a reset. */
  RUNNING,
  /** Stopped, and the state can be read from the device. */
  STOP_COPY,
  /** Stopped, and a saved state can be written to the device. */
  RESUMING,
  /** Running without initiating peer-to-peer DMA; the device still answers that of other devices. */
  RUNNING_P2P,
  /** Running, and the state can be read while it changes. */
  PRE_COPY,
  /** Like {@link #PRE_COPY}, without initiating peer-to-peer DMA. */
  PRE_COPY_P2P;

  private static final DeviceState[] BY_WIRE = values();

  /** Returns the number of this state in the kernel's interface and on the wire. */
  @SuppressWarnings("EnumOrdinal") // The order is the kernel's.
  public int wireValue() {
    return ordinal();
  }

  /**
   * Returns the state with a number.
   *
   * @param value a u32 as received, any value
   * @return the state, or empty if no state has this number
   */
  public static Optional<DeviceState> fromWire(int value) {
    return value >= 0 && value < BY_WIRE.length ? Optional.of(BY_WIRE[value]) : Optional.empty();
  }

  /**
   * Parses the name of a state, in the spelling of the kernel or similar: {@code STOP_COPY}, {@code
   * stop-copy}, {@code VFIO_DEVICE_STATE_STOP_COPY}.
   *
   * @throws IllegalArgumentException if there is no such state; the message lists the states
   */
  public static DeviceState parse(String name) {
    String key = StateNames.normalizeState(name);
    for (DeviceState state : BY_WIRE) {
      if (StateNames.normalize(state.name()).equals(key)) {
        return state;
      }
    }
    throw new IllegalArgumentException(
        "unknown device state %s (expected one of %s)".formatted(name, List.of(BY_WIRE)));
  }

  /** Returns whether the device's internal state may advance in this state. */
  public boolean isRunning() {
    return switch (this) {
      case RUNNING, RUNNING_P2P, PRE_COPY, PRE_COPY_P2P -> true;
      case ERROR, STOP, STOP_COPY, RESUMING -> false;
    };
  }

  /** Returns whether this state belongs to the saving group, in which a saving session is open. */
  public boolean isSaving() {
    return switch (this) {
      case PRE_COPY, PRE_COPY_P2P, STOP_COPY -> true;
      case ERROR, STOP, RUNNING, RESUMING, RUNNING_P2P -> false;
    };
  }

  /** Returns whether the device runs in this state but must not initiate peer-to-peer DMA. */
  public boolean isPeerQuiescent() {
    return this == RUNNING_P2P || this == PRE_COPY_P2P;
  }
}
