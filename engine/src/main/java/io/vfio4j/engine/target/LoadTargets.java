// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.target;

import io.vfio4j.engine.device.DeviceGroup;
import io.vfio4j.engine.memory.MemoryRegions;
import io.vfio4j.engine.util.Cancellation;
import java.util.List;

/**
 * What the target loads into.
 *
 * @param group the devices
 * @param memory the regions, in the source's order
 * @param segments for each device, whether the ends of segments are transmitted
 * @param isFile whether the stream is a file, which has a trailer, and ends of segments even if not both
 *     devices have segments
 * @param cancellation cancels the loading threads
 */
public record LoadTargets(DeviceGroup group, MemoryRegions memory, List<Boolean> segments, boolean isFile,
    Cancellation cancellation) {
}
