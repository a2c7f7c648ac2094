// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.IovaRange;
import io.vfio4j.vfiouser.device.DmaMemory;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The DMA memory of a device, with the accesses that the migration state does not permit refused.
 *
 * <p>
 * The P2P states refuse only accesses that may reach a peer. A device whose mappings are all known to be host memory has
 * no such accesses, and these states change nothing for it.
 */
final class DmaGate implements DmaMemory {

  private final RunState runState;
  private @Nullable DmaMemory memory;
  private boolean haltAll;

  DmaGate(RunState runState) {
    this.runState = runState;
  }

  void attach(DmaMemory attached) {
    memory = attached;
  }

  /** Sets whether the P2P states stop all DMA, as NDMA does, and not only peer-to-peer DMA. */
  void haltAll(boolean halt) {
    haltAll = halt;
  }

  private DmaMemory memory() {
    if (memory == null) {
      throw new IllegalStateException("a device has no DMA memory before it is attached");
    }
    return memory;
  }

  /** Returns whether DMA to a range may start in a state. */
  boolean isOpen(DeviceState state, DmaRange range) {
    return isOpen(state, range.iova().getAsLong(), range.length().getAsLong());
  }

  private boolean isOpen(DeviceState state, long iova, long length) {
    return state.isRunning()
        && (!state.isPeerQuiescent() || (!haltAll && !memory().mayBePeer(iova, length)));
  }

  /** Returns the memory if such DMA may start now. */
  private DmaMemory requireOpen(long iova, long length) throws ErrnoException {
    if (!isOpen(runState.state(), iova, length)) {
      throw new ErrnoException(Errno.EBUSY, "such DMA must not start in " + runState.state());
    }
    return memory();
  }

  @Override
  public void check(long iova, long length, boolean writes) throws ErrnoException {
    memory().check(iova, length, writes);
  }

  @Override
  public void read(long iova, MemorySegment into) throws ErrnoException {
    requireOpen(iova, into.byteSize()).read(iova, into);
  }

  @Override
  public void write(long iova, MemorySegment from) throws ErrnoException {
    requireOpen(iova, from.byteSize()).write(iova, from);
  }

  @Override
  public void writeLong(long iova, long value) throws ErrnoException {
    requireOpen(iova, Long.BYTES).writeLong(iova, value);
  }

  @Override
  public Optional<IovaRange> lowestMapping() {
    return memory().lowestMapping();
  }

  @Override
  public void markDirty(long iova, long length) {
    memory().markDirty(iova, length);
  }

  @Override
  public MemorySegment map(long iova, long length, boolean writes) throws ErrnoException {
    return requireOpen(iova, length).map(iova, length, writes);
  }

  @Override
  public List<MemorySegment> scatter(long iova, long length, boolean writes) throws ErrnoException {
    return requireOpen(iova, length).scatter(iova, length, writes);
  }

  @Override
  public boolean mayBePeer(long iova, long length) {
    return memory().mayBePeer(iova, length);
  }

  @Override
  public long peerTraffic() {
    return memory().peerTraffic();
  }
}
