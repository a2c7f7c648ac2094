// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.observe;

import io.vfio4j.conformance.harness.VerdictException;
import io.vfio4j.model.DeviceException;

/** The body of a check, run on a device in RUNNING. The check passes if it throws nothing and disturbs nothing. */
@FunctionalInterface
interface ObservationBody {

  /**
   * Sends requests to the device. It may leave the device in any state that it may enter.
   *
   * @throws VerdictException to end the check with another verdict
   * @throws DeviceException if the device fails where it must not; the check then fails
   */
  void run(ObservationContext context) throws VerdictException, DeviceException;
}
