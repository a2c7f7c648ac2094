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
 * @param memory the regions, in the order of the source's
 * @param segments of each device, whether the ends of segments come along
 * @param isFile whether all of it comes from a file, which says at its end what became of its source, and where segments
 *     end even if not both devices have any
 * @param cancellation says to the threads that load that it is of no use any more
 */
public record LoadTargets(DeviceGroup group, MemoryRegions memory, List<Boolean> segments, boolean isFile,
    Cancellation cancellation) {
}
