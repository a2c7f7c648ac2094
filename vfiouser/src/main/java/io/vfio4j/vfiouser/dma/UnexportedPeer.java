// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.dma;

import io.vfio4j.model.IovaRange;
import io.vfio4j.model.dma.MemoryKind;
import io.vfio4j.model.dma.MemoryKindException;
import java.lang.foreign.MemorySegment;

/** A region of another device mapped without a descriptor, which an emulated device cannot access. */
final class UnexportedPeer implements DmaBacking {

  private final IovaRange range;

  UnexportedPeer(IovaRange range) {
    this.range = range;
  }

  @Override
  public void checkReachable() throws MemoryKindException {
    throw unreachable();
  }

  private MemoryKindException unreachable() {
    return new MemoryKindException(range, MemoryKind.PEER,
        "an emulated device cannot access it; export the region as a descriptor, and map that");
  }

  @Override
  public void read(long offset, MemorySegment into, long at, long length) throws MemoryKindException {
    throw unreachable();
  }

  @Override
  public void write(long offset, MemorySegment from, long at, long length) throws MemoryKindException {
    throw unreachable();
  }

  @Override
  public MemorySegment segment(IovaRange mapping) throws MemoryKindException {
    throw unreachable();
  }

  @Override
  public void close() {
    // Nothing to free.
  }
}
