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
 * The memory of a device: the mappings of its client, and the dirty log.
 *
 * <p>
 * Used on the device's thread only. The same thread handles DMA_UNMAP, so no access can race with the removal
 * of a mapping. The table outlives its clients; {@link #clear} removes the mappings of one.
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
   * Creates a table without mappings.
   *
   * @param peerTraffic counts bytes copied from and to exported peers
   * @param files selects how files are accessed
   * @param messages receives a line for a mapping that cannot be unmapped
   */
  public DmaTable(AtomicLong peerTraffic, DmaBackingFactory files, Consumer<String> messages) {
    this.mappings = new DmaMappings(files, messages);
    this.peerTraffic = peerTraffic;
  }

  public DirtyLog log() {
    return log;
  }

  /**
   * Sets the client, which has no mappings yet.
   *
   * @param memory accesses memory by message
   * @param flagsPeers whether it flags mappings of peers
   */
  public void attachClient(RemoteMemory memory, boolean flagsPeers) {
    client = memory;
    peersFlagged = flagsPeers;
  }

  /** Removes all mappings and the client. */
  public void clear() {
    client = null;
    peersFlagged = false;
    log.clear();
    mappings.removeAll();
  }

  /** Removes all mappings and frees the table's memory. */
  public void close() {
    clear();
    scratchOwner.close();
  }

  /**
   * Adds a mapping.
   *
   * @param iova the first address, an unchecked value of the client
   * @param size bytes, likewise
   * @param flags the flags of DMA_MAP; unknown ones have been refused
   * @param fd the memory, or null if it is accessed by message; stays the caller's
   * @param offset its offset in the file, bytes
   * @param maxMappings the limit on mappings
   * @throws ErrnoException EINVAL if the range is invalid or outside the file, EEXIST if it overlaps another,
   *     ENOSPC for too many mappings
   */
  public void map(long iova, long size, int flags, @Nullable Fd fd, long offset, int maxMappings)
      throws ErrnoException {
    if (!IovaRange.isValid(iova, size)) {
      throw rangeFailure(Errno.EINVAL, iova, size, "is not a valid range");
    }
    if (client == null) {
      throw new IllegalStateException("a mapping without a client");
    }
    mappings.add(new DmaMapping.MapRequest(new IovaRange(iova, size), flags, offset), fd, client,
        maxMappings);
  }

  /**
   * Checks that {@link #unmap} would succeed.
   *
   * @throws ErrnoException as {@link #unmap}
   */
  public void checkMapped(long iova, long size) throws ErrnoException {
    mappings.findWithin(iova, size);
  }

  /**
   * Removes the mappings within a range; usually one that is equal to it. QEMU with a virtual IOMMU unmaps
   * ranges as large as the address space, and relies on no mapping being left.
   *
   * @throws ErrnoException ENOENT if there is none, or one overlaps the range without being within it; then
   *     none is removed
   */
  public void unmap(long iova, long size) throws ErrnoException {
    mappings.remove(mappings.findWithin(iova, size));
  }

  /**
   * Removes mappings and reports the dirty pages of the range, with no write in between. A failure changes
   * nothing.
   *
   * @param bitmap the bitmap to set bits in
   * @throws ErrnoException as {@link #unmap(long, long)} and {@link DirtyLog#report}
   */
  public void unmap(long iova, long size, long pageSize, MemorySegment bitmap) throws ErrnoException {
    NavigableMap<Long, DmaMapping> removed = mappings.findWithin(iova, size);
    log.report(iova, size, pageSize, bitmap);
    mappings.remove(removed);
  }

  /** Returns the mappings by address. The table keeps their files only if its factory does. */
  public List<MappedRange> mapped() {
    return mappings.all().stream()
        .map(
            mapping -> new MappedRange(mapping.range(), mapping.request().flags(), mapping.request().offset(),
                mapping.keptFile()))
        .toList();
  }

  /** Returns the number of mappings. */
  public int mappingCount() {
    return mappings.count();
  }

  /** Returns the sum of their sizes, bytes. */
  public long mappedBytes() {
    return mappings.bytes();
  }

  public void unmapAll() {
    mappings.removeAll();
  }

  private static ErrnoException rangeFailure(Errno errno, long iova, long size, String problem) {
    return new ErrnoException(errno, "0x%x+0x%x %s".formatted(iova, size, problem));
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
    // A range that wraps around counts up to the last address; an access to it is refused later.
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
   * Marks the range before the write too, because the client may unmap it and read its log while the write
   * waits for a reply; and afterwards even if the write failed midway. A page that is marked without need
   * does no harm.
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
          "spans " + parts.size() + " mappings; use a scatter list");
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
   * Checks that a whole range is mapped, permits an access and can be accessed, before any byte is copied.
   */
  private void check(long iova, long length, int access) throws ErrnoException {
    if (length == 0) {
      return;
    }
    if (length < 0 || !IovaRange.isValid(iova, length)) {
      throw rangeFailure(Errno.EFAULT, iova, length, "is not a valid range");
    }
    for (long done = 0; done < length;) {
      done += findReachable(iova + done, access).lengthWithin(iova + done, length - done);
    }
  }

  /**
   * Returns the mapping at an address, after checking it. Called again before each part is copied, because
   * the client may map and unmap memory while the previous part waits for a reply.
   */
  private DmaMapping findReachable(long iova, int access) throws ErrnoException {
    DmaMapping mapping = mappings.find(iova);
    if (!mapping.allows(access)) {
      throw new ErrnoException(Errno.EACCES,
          mapping.range() + (mapping.allows(DmaMap.READ) ? " is read-only" : " is not readable"));
    }
    mapping.backing().checkReachable();
    return mapping;
  }
}
