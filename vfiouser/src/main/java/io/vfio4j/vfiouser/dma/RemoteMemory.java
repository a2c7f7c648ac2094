// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.dma;

import io.vfio4j.model.ErrnoException;
import java.lang.foreign.MemorySegment;

/** Accesses memory of the client by message, DMA_READ and DMA_WRITE. */
public interface RemoteMemory {

  void read(long iova, MemorySegment into) throws ErrnoException;

  void write(long iova, MemorySegment from) throws ErrnoException;
}
