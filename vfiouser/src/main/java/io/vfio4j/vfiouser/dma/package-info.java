// SPDX-License-Identifier: Apache-2.0
/**
 * The memory of a server's client: mappings, and the ways to access them. {@code DmaTable} is what a device
 * sees; {@code DmaBackingFactory} selects how the file of a mapping is accessed. Not exported.
 */
@NullMarked
package io.vfio4j.vfiouser.dma;

import org.jspecify.annotations.NullMarked;
