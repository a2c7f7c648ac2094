// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import io.vfio4j.linux.Fd;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.IovaRange;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The mappings of a client, by address. */
final class DmaMappings {

  /** Each keeps a descriptor open, and a client's are not to use up those of the process. */
  static final int MOST_BY_FILE_IO = 256;
  /**
   * Half of what Linux lets a process have by default (vm.max_map_count, 65530): a virtual machine that gets no
   * mapping for itself any more dies.
   */
  static final int MOST_MAPPED = 32_000;

  private final TreeMap<Long, DmaMapping> mappings = new TreeMap<>(Long::compareUnsigned);
  /** Those whose traffic is peer-to-peer; they are in the other map too. */
  private final TreeMap<Long, DmaMapping> peers = new TreeMap<>(Long::compareUnsigned);
  private int byFileIo;
  private int mapped;
  /** The mapping of the last access, where the next one most often is too. */
  private @Nullable DmaMapping recent;

  /**
   * Adds a mapping.
   *
   * @param fd the memory, or null if the client keeps it to itself; stays the caller's
   * @param client whom to ask for memory that it keeps to itself
   * @throws ErrnoException EINVAL for a range that overlaps another, or lies outside the file; ENOSPC for too many
   */
  void add(DmaMapping.Wanted wanted, @Nullable Fd fd, RemoteMemory client, int most) throws ErrnoException {
    IovaRange range = wanted.range();
    DmaMapping same = mappings.get(range.iova());
    if (same != null && same.isWhat(wanted, fd != null)) {
      // An identical mapping again succeeds. Its file may be another, so the new one counts: once it is there,
      // for a request that fails changes nothing.
      DmaMapping again = new DmaMapping(wanted, fd, client);
      letGo(same);
      put(again);
      return;
    }
    if (overlaps(mappings, range.iova(), range.last())) {
      throw new ErrnoException(Errno.EINVAL, range + " overlaps a mapping");
    }
    checkRoom(wanted, fd != null, most);
    put(new DmaMapping(wanted, fd, client));
  }

  private void checkRoom(DmaMapping.Wanted wanted, boolean hasFile, int most) throws ErrnoException {
    if (mappings.size() >= most) {
      throw tooMany(wanted, most + " mappings");
    }
    if (hasFile && wanted.byFileIo() && byFileIo >= MOST_BY_FILE_IO) {
      throw tooMany(wanted, MOST_BY_FILE_IO + " mappings by file I/O");
    }
    if (hasFile && !wanted.byFileIo() && mapped >= MOST_MAPPED) {
      throw tooMany(wanted, MOST_MAPPED + " mappings with a file to map");
    }
  }

  private static ErrnoException tooMany(DmaMapping.Wanted wanted, String most) {
    return new ErrnoException(Errno.ENOSPC, wanted.range() + " would be more than " + most);
  }

  private void put(DmaMapping mapping) {
    mappings.put(mapping.range().iova(), mapping);
    if (mapping.isExportedPeer()) {
      peers.put(mapping.range().iova(), mapping);
    }
    count(mapping, 1);
  }

  private void count(DmaMapping mapping, int change) {
    byFileIo += mapping.backing() instanceof FileMemory ? change : 0;
    mapped += mapping.backing() instanceof SharedMemory ? change : 0;
  }

  private static boolean overlaps(NavigableMap<Long, DmaMapping> mappings, long iova, long last) {
    Map.Entry<Long, DmaMapping> before = mappings.floorEntry(last);
    return before != null && Long.compareUnsigned(before.getValue().range().last(), iova) >= 0;
  }

  /** Tells whether an exported peer lies somewhere between two addresses. */
  boolean hasPeerIn(long iova, long last) {
    return !peers.isEmpty() && overlaps(peers, iova, last);
  }

  /**
   * Returns a view of the mappings that lie within a range.
   *
   * @param iova its first address, any value that came from outside
   * @param size its bytes, likewise
   * @throws ErrnoException ENOENT if there is none, or one that lies in it only in part
   */
  NavigableMap<Long, DmaMapping> within(long iova, long size) throws ErrnoException {
    if (!IovaRange.isValid(iova, size)) {
      throw notMapped(iova, size);
    }
    long last = iova + (size - 1);
    NavigableMap<Long, DmaMapping> within = mappings.subMap(iova, true, last, true);
    Map.Entry<Long, DmaMapping> before = mappings.lowerEntry(iova);
    boolean cutsFirst = before != null && Long.compareUnsigned(before.getValue().range().last(), iova) >= 0;
    if (cutsFirst || within.isEmpty()
        || Long.compareUnsigned(within.lastEntry().getValue().range().last(), last) > 0) {
      throw notMapped(iova, size);
    }
    return within;
  }

  private static ErrnoException notMapped(long iova, long size) {
    return new ErrnoException(Errno.ENOENT, "0x%x+0x%x is not mapped so".formatted(iova, size));
  }

  /** Takes mappings away that {@link #within} returned. */
  void remove(NavigableMap<Long, DmaMapping> within) {
    within.values().forEach(this::letGo);
    within.clear();
  }

  private void letGo(DmaMapping mapping) {
    recent = null;
    peers.remove(mapping.range().iova());
    count(mapping, -1);
    mapping.close();
  }

  void removeAll() {
    recent = null;
    mappings.values().forEach(DmaMapping::close);
    mappings.clear();
    peers.clear();
    byFileIo = 0;
    mapped = 0;
  }

  Optional<IovaRange> lowest() {
    Map.Entry<Long, DmaMapping> first = mappings.firstEntry();
    return first == null ? Optional.empty() : Optional.of(first.getValue().range());
  }

  /**
   * Returns the mapping that an address lies in.
   *
   * @throws ErrnoException EFAULT if there is none
   */
  DmaMapping find(long iova) throws ErrnoException {
    DmaMapping mapping = lookUp(iova);
    if (mapping == null) {
      throw new ErrnoException(Errno.EFAULT, "0x%x is not mapped".formatted(iova));
    }
    return mapping;
  }

  /** Returns the mapping that an address lies in, or null. */
  @Nullable
  DmaMapping lookUp(long iova) {
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
}
