// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

/** Work that a device does by itself at a certain time. */
interface ScheduledWork {

  /**
   * Runs the work that is due.
   *
   * @param now the time of the work's clock in nanoseconds
   * @return the time of that clock at which to call again, {@link Long#MAX_VALUE} for never
   */
  long runDue(long now);
}
