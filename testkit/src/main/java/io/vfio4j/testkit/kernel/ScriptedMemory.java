// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit.kernel;

import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import io.vfio4j.model.Errno;
import io.vfio4j.model.IovaRange;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/** The memory mapped for a device by the IOMMU of a container or an IOAS, and its dirty pages. */
public final class ScriptedMemory {

  /** Bytes of a page. */
  public static final long PAGE = 4096;

  private final Map<IovaRange, MemorySegment> mapped = new TreeMap<>();
  private final Map<IovaRange, Boolean> writable = new TreeMap<>();
  private final TreeSet<Long> dirty = new TreeSet<>();
  private boolean tracking;

  ScriptedMemory() {
  }

  /** Returns the mappings. */
  public Map<IovaRange, MemorySegment> mapped() {
    return Map.copyOf(mapped);
  }

  /** Returns whether the device may write to a mapped range. */
  public boolean isWritable(IovaRange range) {
    return writable.getOrDefault(range, false);
  }

  /** Returns whether dirty pages are tracked. */
  public boolean isTracking() {
    return tracking;
  }

  /** Makes the device write to the page at an address. */
  void write(long iova) {
    if (tracking) {
      dirty.add(iova / PAGE);
    }
  }

  int map(long iova, MemorySegment memory, long size, boolean isWritable) {
    if (size == 0 || (iova | size) % PAGE != 0 || memory.byteSize() != size) {
      return -Errno.EINVAL.number();
    }
    IovaRange range = new IovaRange(iova, size);
    if (mapped.keySet().stream().anyMatch(range::overlaps)) {
      return -Errno.EEXIST.number();
    }
    mapped.put(range, memory);
    writable.put(range, isWritable);
    return 0;
  }

  /** Unmaps a range. Returns the number of bytes unmapped. */
  long unmap(long iova, long size) {
    IovaRange range = new IovaRange(iova, size);
    writable.remove(range);
    return mapped.remove(range) == null ? 0 : size;
  }

  int track(boolean on) {
    tracking = on;
    dirty.clear();
    return 0;
  }

  /** Returns whether a range begins or ends within a mapping: a container refuses to report its dirty pages. */
  boolean splitsMapping(long iova, long length) {
    IovaRange range = new IovaRange(iova, length);
    return mapped.keySet().stream().anyMatch(
        mapping -> mapping.overlaps(range) && !range.contains(mapping.iova(), mapping.length()));
  }

  /** Reports and clears the dirty pages of a range, one bit for each. */
  int report(long iova, long length, MemorySegment bitmap, boolean overwrites) {
    if (!tracking) {
      return -Errno.EINVAL.number();
    }
    if (overwrites) {
      bitmap.fill((byte) 0);
    }
    SortedSet<Long> reported = dirty.subSet(iova / PAGE, (iova + length) / PAGE);
    for (long page : reported) {
      long bit = page - iova / PAGE;
      long word = bit / Long.SIZE * Long.BYTES;
      bitmap.set(JAVA_LONG_UNALIGNED, word, bitmap.get(JAVA_LONG_UNALIGNED, word) | 1L << bit);
    }
    reported.clear();
    return 0;
  }
}
