// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.handover;

import io.vfio4j.linux.FileStatus;
import io.vfio4j.model.IovaRange;
import java.util.Optional;

/**
 * A DMA mapping of a VMM.
 *
 * @param flags the flags of DMA_MAP
 * @param offset its offset in the file, bytes
 * @param file its file; empty if it is accessed by message
 */
public record VmmMapping(IovaRange range, int flags, long offset, Optional<FileStatus> file) {

  /** Returns whether an address, of both mappings, is the same byte of memory, as far as is known. */
  boolean isSameMemory(VmmMapping other, long iova) {
    if (file.isEmpty() || other.file.isEmpty()) {
      return true;
    }
    return file.get().isSameFile(other.file.get())
        && offset + (iova - range.iova()) == other.offset + (iova - other.range.iova());
  }
}
