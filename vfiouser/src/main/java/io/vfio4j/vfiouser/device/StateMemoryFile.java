// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.device;

import io.vfio4j.linux.Fd;

/**
 * A memory of a device that another server of this machine can continue to use.
 *
 * @param name the name in messages
 * @param size bytes, which begin at offset 0 of the file
 * @param file a memfd whose size is sealed
 */
public record StateMemoryFile(String name, long size, Fd file) {
}
