// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.dma;

import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.IovaRange;
import io.vfio4j.model.dma.MemoryKind;
import io.vfio4j.model.dma.MemoryKindException;
import java.lang.foreign.MemorySegment;

/** Memory without a descriptor, accessed by DMA_READ and DMA_WRITE. */
final class MessageMemory implements DmaBacking {

  private final RemoteMemory client;
  private final long iova;

  MessageMemory(RemoteMemory client, long iova) {
    this.client = client;
    this.iova = iova;
  }

  @Override
  public void read(long offset, MemorySegment into, long at, long length) throws ErrnoException {
    client.read(iova + offset, into.asSlice(at, length));
  }

  @Override
  public void write(long offset, MemorySegment from, long at, long length) throws ErrnoException {
    client.write(iova + offset, from.asSlice(at, length));
  }

  @Override
  public MemorySegment segment(IovaRange mapping) throws MemoryKindException {
    throw new MemoryKindException(mapping, MemoryKind.OPAQUE,
        "it cannot be mapped; read and write it, or let its owner map it with a descriptor");
  }

  @Override
  public void close() {
    // Nothing to free.
  }
}
