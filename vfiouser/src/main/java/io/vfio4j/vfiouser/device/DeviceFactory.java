// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.device;

import java.io.IOException;

/** Creates a device for each client. */
@FunctionalInterface
public interface DeviceFactory {

  /**
   * Creates a device, on the thread that becomes the device's own.
   *
   * @param number the number of the device, from 1, for names and messages
   * @return the device, which the caller closes
   * @throws IOException if it cannot be created; the message gives the reason
   */
  EmulatedDevice create(int number) throws IOException;
}
