// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.setup;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceIdentity;
import io.vfio4j.model.DeviceProbe;
import io.vfio4j.model.IovaRange;
import java.util.Optional;
import java.util.Set;

/** Knowledge of a kind of device beyond the protocol. It makes more checks applicable. */
public interface DeviceProfile {

  /** No knowledge. */
  DeviceProfile UNKNOWN = new DeviceProfile() {
  };

  /** Guarantees that the protocol does not require. */
  enum Guarantee {
    /** A state loaded into a stopped device is read back byte for byte. */
    ROUND_TRIP,
    /** A state with any byte changed is refused. */
    DETECTS_CORRUPTION
  }

  /** Returns the profile for a device's identity: the scratch device's, or {@link #UNKNOWN}. */
  static DeviceProfile of(DeviceIdentity identity) {
    return ScratchProfile.matches(identity) ? new ScratchProfile() : UNKNOWN;
  }

  /** Returns the device's guarantees. */
  default Set<Guarantee> guarantees() {
    return Set.of();
  }

  /**
   * Makes a device in RUNNING do some work, so that its state differs from that after a reset. When this
   * returns, the work has ended.
   *
   * @throws DeviceException if the device fails
   */
  default void exercise(DeviceProbe probe) throws DeviceException {
  }

  /**
   * Makes a device in RUNNING write memory by DMA.
   *
   * @return the range written; empty if no means is known to make it write
   * @throws DeviceException if the device fails
   */
  default Optional<IovaRange> writeMemory(DeviceProbe probe) throws DeviceException {
    return Optional.empty();
  }

  /**
   * Drives a device into ERROR.
   *
   * @return whether an attempt was made
   * @throws DeviceException if the attempt failed
   */
  default boolean provokeError(DeviceProbe probe) throws DeviceException {
    return false;
  }
}
