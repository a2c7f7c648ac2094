// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.IovaRange;
import io.vfio4j.vfiouser.device.DeviceDescription;
import io.vfio4j.vfiouser.device.DmaMemory;
import io.vfio4j.vfiouser.device.Interrupts;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The memory and interrupts that a device is attached to in a test: memory at one address, half of it read-only.
 */
public final class FakeBus implements DmaMemory, Interrupts {

  public static final long IOVA = 0x100000;
  public static final long READ_ONLY_IOVA = IOVA + (4 << 20);
  public static final long SIZE = 5 << 20;

  public final MemorySegment memory = Arena.ofAuto().allocate(SIZE);
  public final List<IovaRange> writtenRanges = new ArrayList<>();
  public final List<String> interrupts = new ArrayList<>();
  public boolean msixEnabled;
  public boolean msiEnabled;
  /** Whether the memory kinds are known. */
  public boolean kindsKnown;
  /** The part of the memory that is a peer. */
  public Optional<IovaRange> peer = Optional.empty();
  public Optional<Errno> failure = Optional.empty();

  /** Creates a bus with memory of zeros. */
  public FakeBus() {
    // Defaults.
  }

  private MemorySegment at(long iova, long length, boolean write) throws ErrnoException {
    if (failure.isPresent()) {
      throw new ErrnoException(failure.get(), "as the test wants");
    }
    if (length > SIZE || iova < IOVA || iova - IOVA > SIZE - length) {
      throw new ErrnoException(Errno.EFAULT, "not mapped");
    }
    if (write && iova + length > READ_ONLY_IOVA) {
      throw new ErrnoException(Errno.EACCES, "only to be read");
    }
    return memory.asSlice(iova - IOVA, length);
  }

  @Override
  public void check(long iova, long length, boolean writes) throws ErrnoException {
    at(iova, length, writes);
  }

  @Override
  public void read(long iova, MemorySegment into) throws ErrnoException {
    into.copyFrom(at(iova, into.byteSize(), false));
  }

  @Override
  public void write(long iova, MemorySegment from) throws ErrnoException {
    at(iova, from.byteSize(), true).copyFrom(from);
    writtenRanges.add(new IovaRange(iova, from.byteSize()));
  }

  @Override
  public void writeLong(long iova, long value) throws ErrnoException {
    at(iova, Long.BYTES, true).set(JAVA_LONG_UNALIGNED, 0, value);
    writtenRanges.add(new IovaRange(iova, Long.BYTES));
  }

  /** Returns a slot of the traffic. */
  public long slot(long index) {
    return memory.get(JAVA_LONG_UNALIGNED, index * Long.BYTES);
  }

  @Override
  public Optional<IovaRange> lowestMapping() {
    return Optional.of(new IovaRange(IOVA, SIZE));
  }

  @Override
  public void markDirty(long iova, long length) {
    writtenRanges.add(new IovaRange(iova, length));
  }

  @Override
  public MemorySegment map(long iova, long length, boolean writes) throws ErrnoException {
    return at(iova, length, writes);
  }

  @Override
  public List<MemorySegment> scatter(long iova, long length, boolean writes) throws ErrnoException {
    return List.of(at(iova, length, writes));
  }

  @Override
  public boolean mayBePeer(long iova, long length) {
    boolean touchesPeer = length != 0 && peer.isPresent() && new IovaRange(iova, length).overlaps(peer.get());
    return !kindsKnown || touchesPeer;
  }

  @Override
  public long peerTraffic() {
    return 0;
  }

  @Override
  public boolean isEnabled(int index) {
    return (index == DeviceDescription.MSIX && msixEnabled) || (index == DeviceDescription.MSI && msiEnabled);
  }

  @Override
  public void trigger(int index, int vector) {
    interrupts.add((index == DeviceDescription.MSIX ? "msix " : "msi ") + index + "." + vector);
  }

  @Override
  public void intxLevel(boolean high) {
    interrupts.add(high ? "intx high" : "intx low");
  }
}
