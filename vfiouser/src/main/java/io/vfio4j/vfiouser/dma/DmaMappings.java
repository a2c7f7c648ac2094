// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.dma;

import io.vfio4j.linux.Fd;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.IovaRange;
import java.util.Collection;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The mappings of a client, by address. */
final class DmaMappings {

  private final TreeMap<Long, DmaMapping> mappings = new TreeMap<>(Long::compareUnsigned);
  /** The exported peers among them. */
  private final TreeMap<Long, DmaMapping> peers = new TreeMap<>(Long::compareUnsigned);
  private final DmaBackingFactory files;
  private final Consumer<String> log;
  /** The mapping of the last access, which is usually also that of the next one. */
  private @Nullable DmaMapping recent;

  /**
   * Creates an empty set of mappings.
   *
   * @param files selects how files are accessed
   * @param log receives a line for a mapping that cannot be unmapped
   */
  DmaMappings(DmaBackingFactory files, Consumer<String> log) {
    this.files = files;
    this.log = log;
  }

  /**
   * Adds a mapping. An identical one, of the same file and with the same access, stays, and the call
   * succeeds.
   *
   * @param fd the memory, or null if it is accessed by message; stays the caller's
   * @param client accesses memory by message
   * @throws ErrnoException EEXIST if the range overlaps another, EINVAL if it is outside the file, ENOSPC for
   *     too many mappings
   */
  void add(DmaMapping.MapRequest request, @Nullable Fd fd, RemoteMemory client, int maxMappings)
      throws ErrnoException {
    IovaRange range = request.range();
    ClientFile file = fd == null ? null : ClientFile.of(fd);
    DmaMapping existing = mappings.get(range.iova());
    if (existing != null && existing.matches(request, file)) {
      return;
    }
    if (overlaps(mappings, range.iova(), range.last())) {
      throw new ErrnoException(Errno.EEXIST, range + " overlaps a mapping");
    }
    if (mappings.size() >= maxMappings) {
      throw new ErrnoException(Errno.ENOSPC,
          "%s exceeds the limit of %d mappings".formatted(range, maxMappings));
    }
    put(new DmaMapping(request, file, files, client));
  }

  private void put(DmaMapping mapping) {
    mappings.put(mapping.range().iova(), mapping);
    if (mapping.isExportedPeer()) {
      peers.put(mapping.range().iova(), mapping);
    }
  }

  private static boolean overlaps(NavigableMap<Long, DmaMapping> mappings, long iova, long last) {
    Map.Entry<Long, DmaMapping> before = mappings.floorEntry(last);
    return before != null && Long.compareUnsigned(before.getValue().range().last(), iova) >= 0;
  }

  /** Returns whether an exported peer overlaps a range of addresses. */
  boolean overlapsPeer(long iova, long last) {
    return !peers.isEmpty() && overlaps(peers, iova, last);
  }

  /**
   * Returns a view of the mappings within a range.
   *
   * @param iova its first address, an unchecked value of the client
   * @param size its size, likewise
   * @throws ErrnoException ENOENT if there is none, or one overlaps the range without being within it
   */
  NavigableMap<Long, DmaMapping> findWithin(long iova, long size) throws ErrnoException {
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
    return new ErrnoException(Errno.ENOENT, "0x%x+0x%x does not match the mappings".formatted(iova, size));
  }

  /** Removes mappings that {@link #findWithin} returned. */
  void remove(NavigableMap<Long, DmaMapping> within) {
    recent = null;
    within.values().forEach(mapping -> {
      peers.remove(mapping.range().iova());
      close(mapping);
    });
    within.clear();
  }

  void removeAll() {
    recent = null;
    mappings.values().forEach(this::close);
    mappings.clear();
    peers.clear();
  }

  /**
   * Unmaps memory that the device can no longer access. If that fails, the process has lost the address
   * space; neither the device nor its client is affected.
   */
  private void close(DmaMapping mapping) {
    try {
      mapping.close();
    } catch (RuntimeException e) {
      log.accept("mapping %s is removed, but its memory could not be unmapped: %s"
          .formatted(mapping.range(), e.getMessage()));
    }
  }

  Collection<DmaMapping> all() {
    return mappings.values();
  }

  int count() {
    return mappings.size();
  }

  /** Returns the sum of the sizes, bytes. */
  long bytes() {
    return mappings.values().stream().mapToLong(mapping -> mapping.range().length()).sum();
  }

  Optional<IovaRange> lowest() {
    Map.Entry<Long, DmaMapping> first = mappings.firstEntry();
    return first == null ? Optional.empty() : Optional.of(first.getValue().range());
  }

  /**
   * Returns the mapping that contains an address.
   *
   * @throws ErrnoException EFAULT if there is none
   */
  DmaMapping find(long iova) throws ErrnoException {
    DmaMapping mapping = findOrNull(iova);
    if (mapping == null) {
      throw new ErrnoException(Errno.EFAULT, "0x%x is not mapped".formatted(iova));
    }
    return mapping;
  }

  /** Returns the mapping that contains an address, or null. */
  @Nullable
  DmaMapping findOrNull(long iova) {
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
