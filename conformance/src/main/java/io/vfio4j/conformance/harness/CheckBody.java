// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.harness;

import io.vfio4j.model.DeviceException;

/** What is done for a check, to a device that has just been reset. It passes if nothing is thrown. */
@FunctionalInterface
public interface CheckBody {

  /**
   * Tries something.
   *
   * @throws VerdictException if the verdict is another one
   * @throws DeviceException if the device fails where it must not; the check has failed then
   */
  void run(CheckContext bench) throws VerdictException, DeviceException;
}
