// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceIdentity;
import io.vfio4j.model.DeviceProbe;
import io.vfio4j.model.IovaRange;
import java.util.Optional;
import java.util.Set;

/** What is known of a kind of device beyond the protocol. The more is known, the more can be checked. */
public interface KnownDevice {

  /** A device of which nothing is known. */
  KnownDevice STRANGER = new KnownDevice() {
  };

  /** What a device promises that the protocol does not ask for. */
  enum Claim {
    /** A state that was loaded into a stopped device comes out of it again byte for byte. */
    IN_IS_OUT,
    /** A state with a changed byte anywhere is refused. */
    DETECTS_DAMAGE
  }

  /** Returns what is known of a device with such an identity: the scratch device, so far. */
  static KnownDevice of(DeviceIdentity identity) {
    return ScratchKnowledge.fits(identity) ? new ScratchKnowledge() : STRANGER;
  }

  /** Returns what the device promises. */
  default Set<Claim> claims() {
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
