// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.device;

import java.io.IOException;

/** Makes devices, one for each client. */
@FunctionalInterface
public interface DeviceFactory {

  /**
   * Makes a device, on the thread that is going to be the device's own.
   *
   * @param number counts the devices from 1 on, to tell them apart
   * @return the device, which the caller closes
   * @throws IOException if it cannot be made; its message says why
   */
  EmulatedDevice create(int number) throws IOException;
}
