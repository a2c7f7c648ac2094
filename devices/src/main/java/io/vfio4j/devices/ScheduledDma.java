// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

/**
 * Scheduled work that performs DMA.
 *
 * @param range the range that it accesses
 * @param clock runs while DMA to the range is permitted
 * @param work the work
 */
record ScheduledDma(DmaRange range, RunningClock clock, ScheduledWork work) {
}
