// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import io.vfio4j.linux.Fd;
import io.vfio4j.model.DirtyLog;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.IovaRange;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The mappings of a client, and the device's way through them.
 *
 * <p>
 * Used by the server's thread alone, which is also the only one that can unmap: so no access can meet memory that
 * is gone. It outlives its clients; {@link #clear} takes the mappings of one away.
 */
final class DmaTable implements DmaMemory {

  private final TreeMap<Long, DmaMapping> mappings = new TreeMap<>(Long::compareUnsigned);
  private final DirtyLog log = new DirtyLog();
  private final Arena scratchOwner = Arena.ofConfined();
  private final MemorySegment scratch = scratchOwner.allocate(Long.BYTES, Long.BYTES);
  private @Nullable RemoteMemory remote;
  /** The mapping of the last access, where the next one most often is too. */
  private @Nullable DmaMapping recent;

  DirtyLog log() {
    return log;
  }

  /** Says how to reach memory that the client keeps to itself. */
  void remote(RemoteMemory memory) {
    remote = memory;
  }

  /** Takes all mappings away, as when the client is gone. */
  void clear() {
    remote = null;
    log.clear();
    unmapAll();
  }

  /** Ends the table. */
  void close() {
    clear();
    scratchOwner.close();
  }

  /**
   * Adds a mapping.
   *
   * @param fd the memory, or null if the client keeps it to itself; stays the caller's
   * @throws ErrnoException EINVAL for a range that is not one, overlaps another, or lies outside the file; ENOSPC
   *     for too many
   */
  void map(long iova, long size, int access, @Nullable Fd fd, long offset, int maxMappings)
      throws ErrnoException {
    if (!IovaRange.isValid(iova, size)) {
      throw refused(Errno.EINVAL, iova, size, "is not a range");
    }
    DmaMapping same = mappings.get(iova);
    if (same != null && same.isAskedForBy(size, access, fd != null, offset)) {
      // An identical mapping again succeeds. Its file may be another, so the new one counts: once it is there,
      // for a request that fails changes nothing.
      DmaMapping again = new DmaMapping(same.range(), access, fd, offset);
      unmap(same);
      mappings.put(iova, again);
      return;
    }
    if (overlaps(iova, size)) {
      throw refused(Errno.EINVAL, iova, size, "overlaps a mapping");
    }
    if (mappings.size() >= maxMappings) {
      throw refused(Errno.ENOSPC, iova, size, "would be more than " + maxMappings + " mappings");
    }
    mappings.put(iova, new DmaMapping(new IovaRange(iova, size), access, fd, offset));
  }

  private boolean overlaps(long iova, long size) {
    Map.Entry<Long, DmaMapping> before = mappings.floorEntry(iova + (size - 1));
    return before != null && Long.compareUnsigned(before.getValue().range().last(), iova) >= 0;
  }

  /**
   * Takes away the mappings that lie within a range, most often one that is exactly it. QEMU takes all that a virtual
   * IOMMU shows away in ranges as large as its address space, and counts on it that no mapping is left.
   *
   * @throws ErrnoException ENOENT if none lies within it, or one only in part; then none is taken away
   */
  void unmap(long iova, long size) throws ErrnoException {
    if (!IovaRange.isValid(iova, size)) {
      throw refused(Errno.ENOENT, iova, size, "is not a range");
    }
    long last = iova + (size - 1);
    NavigableMap<Long, DmaMapping> within = mappings.subMap(iova, true, last, true);
    Map.Entry<Long, DmaMapping> before = mappings.lowerEntry(iova);
    boolean cutsFirst = before != null && Long.compareUnsigned(before.getValue().range().last(), iova) >= 0;
    if (cutsFirst || within.isEmpty()
        || Long.compareUnsigned(within.lastEntry().getValue().range().last(), last) > 0) {
      throw refused(Errno.ENOENT, iova, size, "is not mapped so");
    }
    recent = null;
    within.values().forEach(DmaMapping::close);
    within.clear();
  }

  private void unmap(DmaMapping mapping) {
    recent = null;
    mappings.remove(mapping.range().iova());
    mapping.close();
  }

  void unmapAll() {
    recent = null;
    mappings.values().forEach(DmaMapping::close);
    mappings.clear();
  }

  private static ErrnoException refused(Errno errno, long iova, long size, String why) {
    return new ErrnoException(errno, "0x%x+0x%x %s".formatted(iova, size, why));
  }

  @Override
  public Optional<IovaRange> lowestMapping() {
    Map.Entry<Long, DmaMapping> first = mappings.firstEntry();
    return first == null ? Optional.empty() : Optional.of(first.getValue().range());
  }

  @Override
  public void markDirty(long iova, long length) {
    log.mark(iova, length);
  }

  @Override
  public void check(long iova, long length, boolean writes) throws ErrnoException {
    check(iova, length, writes ? DmaMapping.WRITE : DmaMapping.READ);
  }

  @Override
  public void read(long iova, MemorySegment into) throws ErrnoException {
    check(iova, into.byteSize(), DmaMapping.READ);
    for (long done = 0; done < into.byteSize();) {
      DmaMapping mapping = find(iova + done);
      long offset = iova + done - mapping.range().iova();
      long length = Math.min(into.byteSize() - done, mapping.range().length() - offset);
      MemorySegment part = into.asSlice(done, length);
      MemorySegment memory = mapping.memory();
      if (memory != null) {
        copy(mapping, memory, offset, part, 0, length);
      } else {
        remote().read(iova + done, part);
      }
      done += length;
    }
  }

  @Override
  public void write(long iova, MemorySegment from) throws ErrnoException {
    check(iova, from.byteSize(), DmaMapping.WRITE);
    try {
      for (long done = 0; done < from.byteSize();) {
        DmaMapping mapping = find(iova + done);
        long offset = iova + done - mapping.range().iova();
        long length = Math.min(from.byteSize() - done, mapping.range().length() - offset);
        MemorySegment memory = mapping.memory();
        if (memory != null) {
          copy(mapping, from, done, memory, offset, length);
        } else {
          remote().write(iova + done, from.asSlice(done, length));
        }
        done += length;
      }
    } finally {
      // Also where it failed midway: a page too many in the log does no harm.
      log.mark(iova, from.byteSize());
    }
  }

  @Override
  public void writeLong(long iova, long value) throws ErrnoException {
    DmaMapping mapping = recent;
    if (mapping == null || !mapping.range().contains(iova, Long.BYTES)) {
      mapping = lookUp(iova);
    }
    MemorySegment memory = mapping == null ? null : mapping.memory();
    if (mapping == null || memory == null || !mapping.range().contains(iova, Long.BYTES)
        || !mapping.allows(DmaMapping.WRITE)) {
      scratch.set(Wire.U64, 0, value);
      write(iova, scratch);
      return;
    }
    recent = mapping;
    try {
      memory.set(Wire.U64, iova - mapping.range().iova(), value);
      settle(mapping);
    } catch (InternalError e) {
      throw truncated(e);
    }
    log.mark(iova, Long.BYTES);
  }

  private static void copy(DmaMapping mapping, MemorySegment from, long fromOffset, MemorySegment to,
      long toOffset, long length) throws ErrnoException {
    try {
      MemorySegment.copy(from, fromOffset, to, toOffset, length);
      settle(mapping);
    } catch (InternalError e) {
      throw truncated(e);
    }
  }

  /**
   * Lets the error of an access before come here and nowhere else. In compiled code HotSpot throws it only where it
   * next looks for such, which may be long after the access; a native method is such a place, and this one is cheap.
   */
  private static void settle(DmaMapping mapping) {
    if (mapping.canVanish()) {
      Thread.holdsLock(mapping);
    }
  }

  /** The virtual machine turns a SIGBUS, from a file that its owner made shorter, into this error. */
  private static ErrnoException truncated(InternalError error) {
    ErrnoException answer = new ErrnoException(Errno.EFAULT, "the file behind a mapping has been truncated");
    answer.initCause(error);
    return answer;
  }

  /** Checks that a whole range is mapped with an access, so that nothing is touched of one that is not. */
  private void check(long iova, long length, int access) throws ErrnoException {
    if (length == 0) {
      return;
    }
    if (!IovaRange.isValid(iova, length)) {
      throw refused(Errno.EFAULT, iova, length, "is not a range");
    }
    for (long done = 0; done < length;) {
      DmaMapping mapping = find(iova + done);
      if (!mapping.allows(access)) {
        throw refused(Errno.EACCES, iova, length,
            access == DmaMapping.READ ? "may not be read" : "is read-only");
      }
      long left = mapping.range().last() - (iova + done);
      if (Long.compareUnsigned(left, length - done - 1) >= 0) {
        return;
      }
      done += left + 1;
    }
  }

  private DmaMapping find(long iova) throws ErrnoException {
    DmaMapping mapping = lookUp(iova);
    if (mapping == null) {
      throw refused(Errno.EFAULT, iova, 1, "is not mapped");
    }
    return mapping;
  }

  private @Nullable DmaMapping lookUp(long iova) {
    DmaMapping mapping = recent;
    if (mapping != null && mapping.range().contains(iova, 1)) {
      return mapping;
    }
    Map.Entry<Long, DmaMapping> entry = mappings.floorEntry(iova);
    if (entry == null || !entry.getValue().range().contains(iova, 1)) {
      return null;
    }
    recent = entry.getValue();
    return recent;
  }

  private RemoteMemory remote() throws ErrnoException {
    if (remote == null) {
      throw new ErrnoException(Errno.EFAULT, "the client that owns the memory is gone");
    }
    return remote;
  }
}
