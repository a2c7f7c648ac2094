// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.time.Duration;

/**
 * One device's part of the downtime.
 *
 * @param stopping duration of its transition to STOP_COPY
 * @param sending time to read and send the rest of its state
 * @param bytes bytes of that rest
 */
public record DeviceSwitchover(Duration stopping, Duration sending, long bytes) {
}
