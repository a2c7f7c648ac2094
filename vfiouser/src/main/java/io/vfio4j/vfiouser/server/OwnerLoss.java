// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import io.vfio4j.vfiouser.handover.VmmSetup;

/** Decides what becomes of a device whose VMM has disconnected. Used on the device's thread. */
interface OwnerLoss {

  /** The device is prepared for the next client. */
  OwnerLoss NONE = new OwnerLoss() {
    @Override
    public boolean isObserved() {
      return false;
    }

    @Override
    public boolean keepsDevice(VmmSetup lost) {
      return false;
    }
  };

  /** Returns whether {@link #keepsDevice} needs to know what the VMM had set up. */
  boolean isObserved();

  /**
   * Returns whether the device keeps its state, for another VMM.
   *
   * @param lost what the VMM had set up
   */
  boolean keepsDevice(VmmSetup lost);
}
