// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.time.Duration;

/**
 * What a device did while everything stood still.
 *
 * @param stopping how long its move to STOP_COPY took
 * @param sending how long it took to read the rest of its state and send it
 * @param bytes how much that was
 */
public record DeviceSwitchover(Duration stopping, Duration sending, long bytes) {
}
