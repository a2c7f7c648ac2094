// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

/**
 * DMA that a device does by itself at its time.
 *
 * @param range where it goes
 * @param clock the time in which it may go on
 * @param work what is done
 */
record ScheduledDma(DmaRange range, RunningClock clock, ScheduledWork work) {
}
