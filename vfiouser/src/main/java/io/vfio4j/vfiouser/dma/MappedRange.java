// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.dma;

import io.vfio4j.linux.Fd;
import io.vfio4j.model.IovaRange;
import java.util.Optional;

/**
 * A mapping, as the client requested it.
 *
 * @param flags the flags of DMA_MAP
 * @param offset its offset in the file, bytes
 * @param file its file, which stays the table's; empty if it has none
 */
public record MappedRange(IovaRange range, int flags, long offset, Optional<Fd> file) {
}
