// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import java.util.List;
import java.util.Optional;

/**
 * The states of {@code enum vfio_device_mig_state} (uapi/linux/vfio.h), in the order of their numbers.
 */
public enum DeviceState {
  /** The device failed and can only be reset. Never a target of a transition. */
  ERROR,
  /** Neither the device nor its internal state changes. */
  STOP,
  /** Fully operational; where every device starts, and where a reset leads. */
  RUNNING,
  /** Stopped, and its state can be read out. */
  STOP_COPY,
  /** Stopped, and a saved state can be written in. */
  RESUMING,
  /** Running, but it starts no peer-to-peer DMA; it still answers that of others. */
  RUNNING_P2P,
  /** Running, and its state can be read out while it changes. */
  PRE_COPY,
  /** Like {@link #PRE_COPY}, without starting peer-to-peer DMA. */
  PRE_COPY_P2P;

  private static final DeviceState[] BY_WIRE = values();

  /** Returns the number of this state in the kernel's interface and on the wire. */
  @SuppressWarnings("EnumOrdinal") // The order is the kernel's.
  public int wireValue() {
    return ordinal();
  }

  /**
   * Returns the state with a number that came from outside.
   *
   * @param value a u32 as received, any value
   * @return the state, or empty where no state has this number
   */
  public static Optional<DeviceState> fromWire(int value) {
    return value >= 0 && value < BY_WIRE.length ? Optional.of(BY_WIRE[value]) : Optional.empty();
  }

  /**
   * Reads a state's name as the kernel writes it or as people do: {@code STOP_COPY}, {@code stop-copy},
   * {@code VFIO_DEVICE_STATE_STOP_COPY}.
   *
   * @throws IllegalArgumentException if there is no such state; the message is for people
   */
  public static DeviceState parse(String name) {
    String key = StateNames.normalizeState(name);
    for (DeviceState state : BY_WIRE) {
      if (StateNames.normalize(state.name()).equals(key)) {
        return state;
      }
    }
    throw new IllegalArgumentException("%s is no state; there are %s".formatted(name, List.of(BY_WIRE)));
  }

  /** Tells whether the device's internal state may advance in this state. */
  public boolean isRunning() {
    return switch (this) {
      case RUNNING, RUNNING_P2P, PRE_COPY, PRE_COPY_P2P -> true;
      case ERROR, STOP, STOP_COPY, RESUMING -> false;
    };
  }

  /** Tells whether this state belongs to the saving group, in which a saving session is open. */
  public boolean isSaving() {
    return switch (this) {
      case PRE_COPY, PRE_COPY_P2P, STOP_COPY -> true;
      case ERROR, STOP, RUNNING, RESUMING, RUNNING_P2P -> false;
    };
  }

  /** Tells whether the device must not start peer-to-peer DMA in this state though it runs. */
  public boolean isPeerQuiescent() {
    return this == RUNNING_P2P || this == PRE_COPY_P2P;
  }
}
