// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance;

import io.vfio4j.model.DeviceException;

/** What is done for a check, to a device that has just been reset. It passes if nothing is thrown. */
@FunctionalInterface
interface Experiment {

  /**
   * Tries something.
   *
   * @throws Judgement if the verdict is another one
   * @throws DeviceException if the device fails where it must not; the check has failed then
   */
  void run(Bench bench) throws Judgement, DeviceException;
}
