// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.dma;

import io.vfio4j.linux.Fd;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.IovaRange;
import io.vfio4j.model.dma.DirtyLog;
import io.vfio4j.vfiouser.device.DmaMemory;
import io.vfio4j.vfiouser.wire.LittleEndian;
import io.vfio4j.vfiouser.wire.Structs.DmaMap;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The device's way through the mappings of a client.
 *
 * <p>
 * Used by the server's thread alone, which is also the only one that can unmap: so no access can meet memory that
 * is gone. It outlives its clients; {@link #clear} takes the mappings of one away.
 */
public final class DmaTable implements DmaMemory {

  private final DmaMappings mappings;
  private final DirtyLog log = new DirtyLog();
  private final Arena scratchOwner = Arena.ofConfined();
  private final MemorySegment scratch = scratchOwner.allocate(Long.BYTES, Long.BYTES);
  private final AtomicLong peerTraffic;
  private @Nullable RemoteMemory client;
  private boolean peersFlagged;

  /**
   * Makes a table without mappings.
   *
   * @param peerTraffic counts bytes copied from and to exported peers
   * @param files reach the files of clients
   * @param messages takes a line for a mapping that cannot be closed
   */
  public DmaTable(AtomicLong peerTraffic, DmaBackingFactory files, Consumer<String> messages) {
    this.mappings = new DmaMappings(files, messages);
    this.peerTraffic = peerTraffic;
  }

  public DirtyLog log() {
    return log;
  }

  /**
   * Begins with a client.
   *
   * @param memory how to reach what it keeps to itself
   * @param tellsPeers whether it says of a mapping that it is a peer
   */
  public void attachClient(RemoteMemory memory, boolean tellsPeers) {
    client = memory;
    peersFlagged = tellsPeers;
  }

  /** Takes all mappings away, as when the client is gone. */
  public void clear() {
    client = null;
    peersFlagged = false;
    log.clear();
    mappings.removeAll();
  }

  /** Ends the table. */
  public void close() {
    clear();
    scratchOwner.close();
  }

  /**
   * Adds a mapping.
   *
   * @param iova the first address, any value that came from outside
   * @param size bytes, likewise
   * @param flags of DMA_MAP, all known
   * @param fd the memory, or null if the client keeps it to itself; stays the caller's
   * @param offset where in the file it begins
   * @param most how many mappings there may be
   * @throws ErrnoException EINVAL for a range that is not one or lies outside the file, EEXIST for one that overlaps
   *     another, ENOSPC for too many
   */
  public void map(long iova, long size, int flags, @Nullable Fd fd, long offset, int most)
      throws ErrnoException {
    if (!IovaRange.isValid(iova, size)) {
      throw rangeFailure(Errno.EINVAL, iova, size, "is not a range");
    }
    if (client == null) {
      throw new IllegalStateException("a mapping without a client");
    }
    mappings.add(new DmaMapping.MapRequest(new IovaRange(iova, size), flags, offset), fd, client, most);
  }

  /**
   * Checks that there is something for {@link #unmap} to take away.
   *
   * @throws ErrnoException as there
   */
  public void checkMapped(long iova, long size) throws ErrnoException {
    mappings.findWithin(iova, size);
  }

  /**
   * Takes away the mappings that lie within a range, most often one that is exactly it. QEMU takes all that a virtual
   * IOMMU shows away in ranges as large as its address space, and counts on it that no mapping is left.
   *
   * @throws ErrnoException ENOENT if none lies within it, or one only in part; then none is taken away
   */
  public void unmap(long iova, long size) throws ErrnoException {
    mappings.remove(mappings.findWithin(iova, size));
  }

  /**
   * Takes mappings away, and the log of the range with them: nothing can be written in between. What fails changes
   * nothing.
   *
   * @param bitmap where bits are set
   * @throws ErrnoException as without a bitmap, and as {@link DirtyLog#report}
   */
  public void unmap(long iova, long size, long pageSize, MemorySegment bitmap) throws ErrnoException {
    NavigableMap<Long, DmaMapping> gone = mappings.findWithin(iova, size);
    log.report(iova, size, pageSize, bitmap);
    mappings.remove(gone);
  }

  public void unmapAll() {
    mappings.removeAll();
  }

  private static ErrnoException rangeFailure(Errno errno, long iova, long size, String why) {
    return new ErrnoException(errno, "0x%x+0x%x %s".formatted(iova, size, why));
  }

  @Override
  public Optional<IovaRange> lowestMapping() {
    return mappings.lowest();
  }

  @Override
  public void markDirty(long iova, long length) {
    log.mark(iova, length);
  }

  @Override
  public boolean mayBePeer(long iova, long length) {
    if (length == 0) {
      return false;
    }
    // What wraps around is refused beyond the last address, and no sooner.
    return !peersFlagged
        || mappings.overlapsPeer(iova, IovaRange.isValid(iova, length) ? iova + (length - 1) : -1);
  }

  @Override
  public long peerTraffic() {
    return peerTraffic.get();
  }

  @Override
  public void check(long iova, long length, boolean writes) throws ErrnoException {
    check(iova, length, writes ? DmaMap.WRITE : DmaMap.READ);
  }

  @Override
  public void read(long iova, MemorySegment into) throws ErrnoException {
    check(iova, into.byteSize(), DmaMap.READ);
    for (long done = 0; done < into.byteSize();) {
      DmaMapping mapping = findReachable(iova + done, DmaMap.READ);
      long offset = iova + done - mapping.range().iova();
      long length = mapping.lengthWithin(iova + done, into.byteSize() - done);
      mapping.backing().read(offset, into, done, length);
      countPeerTraffic(mapping, length);
      done += length;
    }
  }

  @Override
  public void write(long iova, MemorySegment from) throws ErrnoException {
    check(iova, from.byteSize(), DmaMap.WRITE);
    for (long done = 0; done < from.byteSize();) {
      DmaMapping mapping = findReachable(iova + done, DmaMap.WRITE);
      long length = mapping.lengthWithin(iova + done, from.byteSize() - done);
      writePart(mapping, iova + done, from, done, length);
      countPeerTraffic(mapping, length);
      done += length;
    }
  }

  /**
   * The log is told before too, since the client may unmap what is being written and read its log while it is waited
   * for; and afterwards also where it failed midway. A page too many in the log does no harm.
   */
  private void writePart(DmaMapping mapping, long iova, MemorySegment from, long at, long length)
      throws ErrnoException {
    log.mark(iova, length);
    try {
      mapping.backing().write(iova - mapping.range().iova(), from, at, length);
    } finally {
      log.mark(iova, length);
    }
  }

  @Override
  public void writeLong(long iova, long value) throws ErrnoException {
    DmaMapping mapping = mappings.findOrNull(iova);
    if (mapping == null || !(mapping.backing() instanceof SharedMemory memory)
        || !mapping.range().contains(iova, Long.BYTES) || !mapping.allows(DmaMap.WRITE)) {
      scratch.set(LittleEndian.U64, 0, value);
      write(iova, scratch);
      return;
    }
    memory.writeLong(iova - mapping.range().iova(), value);
    countPeerTraffic(mapping, Long.BYTES);
    log.mark(iova, Long.BYTES);
  }

  private void countPeerTraffic(DmaMapping mapping, long length) {
    if (mapping.isExportedPeer()) {
      peerTraffic.addAndGet(length);
    }
  }

  @Override
  public MemorySegment map(long iova, long length, boolean writes) throws ErrnoException {
    List<MemorySegment> parts = scatter(iova, length, writes);
    if (parts.size() != 1) {
      throw rangeFailure(Errno.EFAULT, iova, length,
          "lies in " + parts.size() + " mappings, and can be had as a scatter list only");
    }
    return parts.getFirst();
  }

  @Override
  public List<MemorySegment> scatter(long iova, long length, boolean writes) throws ErrnoException {
    check(iova, length, DmaMap.READ | (writes ? DmaMap.WRITE : 0));
    List<MemorySegment> parts = new ArrayList<>();
    for (long done = 0; done < length;) {
      DmaMapping mapping = mappings.find(iova + done);
      long offset = iova + done - mapping.range().iova();
      long size = mapping.lengthWithin(iova + done, length - done);
      MemorySegment part = mapping.backing().segment(mapping.range()).asSlice(offset, size);
      parts.add(writes ? part : part.asReadOnly());
      done += size;
    }
    return List.copyOf(parts);
  }

  /**
   * Checks that a whole range is mapped with an access and can be reached, so that nothing is touched of one that is
   * not.
   */
  private void check(long iova, long length, int access) throws ErrnoException {
    if (length == 0) {
      return;
    }
    if (length < 0 || !IovaRange.isValid(iova, length)) {
      throw rangeFailure(Errno.EFAULT, iova, length, "is not a range");
    }
    for (long done = 0; done < length;) {
      done += findReachable(iova + done, access).lengthWithin(iova + done, length - done);
    }
  }

  /**
   * Returns the mapping at an address. Looked at again before each part is moved, since the client may map and unmap
   * while the part before is waited for.
   */
  private DmaMapping findReachable(long iova, int access) throws ErrnoException {
    DmaMapping mapping = mappings.find(iova);
    if (!mapping.allows(access)) {
      throw new ErrnoException(Errno.EACCES,
          mapping.range() + (mapping.allows(DmaMap.READ) ? " is read-only" : " may not be read"));
    }
    mapping.backing().checkReachable();
    return mapping;
  }
}
