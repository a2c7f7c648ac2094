// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.harness;

import io.vfio4j.model.DeviceException;

/** The body of a check, run on a device that has just been reset. The check passes if it throws nothing. */
@FunctionalInterface
public interface CheckBody {

  /**
   * Exercises the device.
   *
   * @throws VerdictException to end the check with another verdict
   * @throws DeviceException if the device fails where it must not; the check then fails
   */
  void run(CheckContext context) throws VerdictException, DeviceException;
}
