// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

/** Something that a device does by itself when it is time. */
interface ScheduledWork {

  /**
   * Does what is due.
   *
   * @param now nanoseconds of the clock that it lives by
   * @return when to call again by that clock, {@link Long#MAX_VALUE} for never
   */
  long runDue(long now);
}
