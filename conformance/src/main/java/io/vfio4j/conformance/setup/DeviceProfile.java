// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.setup;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceIdentity;
import io.vfio4j.model.DeviceProbe;
import io.vfio4j.model.IovaRange;
import java.util.Optional;
import java.util.Set;

/** What is known of a kind of device beyond the protocol. The more is known, the more can be checked. */
public interface DeviceProfile {

  /** A device of which nothing is known. */
  DeviceProfile UNKNOWN = new DeviceProfile() {
  };

  /** What a device promises that the protocol does not ask for. */
  enum Guarantee {
    /** A state that was loaded into a stopped device comes out of it again byte for byte. */
    ROUND_TRIP,
    /** A state with a changed byte anywhere is refused. */
    DETECTS_CORRUPTION
  }

  /** Returns what is known of a device with such an identity: the scratch device, so far. */
  static DeviceProfile of(DeviceIdentity identity) {
    return ScratchProfile.matches(identity) ? new ScratchProfile() : UNKNOWN;
  }

  /** Returns what the device promises. */
  default Set<Guarantee> guarantees() {
    return Set.of();
  }

  /**
   * Has a device in RUNNING do something, so that its state is not that of one that was just reset, and nothing
   * goes on afterwards.
   *
   * @throws DeviceException if it does not
   */
  default void exercise(DeviceProbe probe) throws DeviceException {
  }

  /**
   * Has a device in RUNNING write memory by DMA.
   *
   * @return what it has written when this returns; empty if it cannot be made to
   * @throws DeviceException if it fails at it
   */
  default Optional<IovaRange> writeMemory(DeviceProbe probe) throws DeviceException {
    return Optional.empty();
  }

  /**
   * Drives a device into ERROR.
   *
   * @return whether that was tried
   * @throws DeviceException if it could not be tried
   */
  default boolean provokeError(DeviceProbe probe) throws DeviceException {
    return false;
  }
}
