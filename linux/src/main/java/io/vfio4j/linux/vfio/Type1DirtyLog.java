// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux.vfio;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import io.vfio4j.linux.vfio.Type1Structs.Bitmap;
import io.vfio4j.linux.vfio.Type1Structs.CapHeader;
import io.vfio4j.linux.vfio.Type1Structs.CapMigration;
import io.vfio4j.linux.vfio.Type1Structs.DirtyBitmap;
import io.vfio4j.linux.vfio.Type1Structs.DirtyBitmapGet;
import io.vfio4j.linux.vfio.Type1Structs.IommuInfo;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DmaLog;
import io.vfio4j.model.Errno;
import io.vfio4j.model.IovaRange;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;

/**
 * The log of dirty pages that a container keeps for all of its devices ({@code VFIO_IOMMU_DIRTY_PAGES}):
 * pages pinned or written by mediated devices, and all memory that a device with an IOMMU can access. It
 * covers all mappings; a range that is reported must not cut a mapping.
 */
final class Type1DirtyLog implements DmaLog {

  private static final int MAX_INFO_SIZE = 4096;

  private final VfioFile container;
  private final long pageSize;
  private final long maxBitmapBytes;

  private Type1DirtyLog(VfioFile container, long pageSize, long maxBitmapBytes) {
    this.container = container;
    this.pageSize = pageSize;
    this.maxBitmapBytes = maxBitmapBytes;
  }

  /** Returns the log of a container, if its kernel keeps one. */
  static Optional<DmaLog> of(VfioFile container) throws DeviceException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment info = Struct.allocate(arena, IommuInfo.LAYOUT, MAX_INFO_SIZE);
      container.ioctl("query the IOMMU", Ioctl.VFIO_IOMMU_GET_INFO, info);
      if ((info.get(JAVA_INT, IommuInfo.FLAGS) & IommuInfo.CAPS) == 0) {
        return Optional.empty();
      }
      long at = Integer.toUnsignedLong(info.get(JAVA_INT, IommuInfo.CAP_OFFSET));
      for (int remaining = MAX_INFO_SIZE / (int) CapHeader.LAYOUT.byteSize(); at != 0
          && remaining > 0; remaining--) {
        if (at % Long.BYTES != 0 || at > info.byteSize() - CapMigration.LAYOUT.byteSize()) {
          return Optional.empty();
        }
        MemorySegment capability = info.asSlice(at);
        if (Short.toUnsignedInt(capability.get(JAVA_SHORT, CapHeader.ID)) == CapMigration.ID) {
          return Optional.of(of(container, capability));
        }
        at = Integer.toUnsignedLong(capability.get(JAVA_INT, CapHeader.NEXT));
      }
      return Optional.empty();
    }
  }

  private static Type1DirtyLog of(VfioFile container, MemorySegment capability) {
    return new Type1DirtyLog(container,
        Long.lowestOneBit(capability.get(JAVA_LONG, CapMigration.PGSIZE_BITMAP)),
        capability.get(JAVA_LONG, CapMigration.MAX_DIRTY_BITMAP_SIZE));
  }

  /** {@inheritDoc} The kernel reports the limit. */
  @Override
  public long maxBitmapSize() {
    return maxBitmapBytes;
  }

  /** {@inheritDoc} The ranges and the page size are those of the container. */
  @Override
  public long start(List<IovaRange> ranges, long hint) throws DeviceException {
    control("start logging dirty pages", DirtyBitmap.START);
    return pageSize;
  }

  @Override
  public void stop() throws DeviceException {
    control("stop logging dirty pages", DirtyBitmap.STOP);
  }

  private void control(String action, int flag) throws DeviceException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment argument = Struct.allocate(arena, DirtyBitmap.LAYOUT);
      argument.set(JAVA_INT, DirtyBitmap.FLAGS, flag);
      container.ioctl(action, Ioctl.VFIO_IOMMU_DIRTY_PAGES, argument);
    }
  }

  @Override
  public void report(IovaRange range, long requestedPageSize, MemorySegment bitmap) throws DeviceException {
    ReportBitmap.checkedSize(container.device(), range, requestedPageSize, bitmap);
    long bytes = DmaLog.bitmapBytes(range, pageSize);
    if (Long.compareUnsigned(bytes, maxBitmapBytes) > 0) {
      throw new DeviceException(container.device(), "report dirty pages of " + range, Errno.E2BIG);
    }
    if (Long.compareUnsigned(requestedPageSize, pageSize) < 0) {
      throw new DeviceException(container.device(),
          "report dirty pages of %d bytes with an IOMMU whose pages have %d bytes"
              .formatted(requestedPageSize, pageSize),
          Errno.EINVAL);
    }
    try (Arena arena = Arena.ofConfined()) {
      // The kernel overwrites the bitmap, but bits must only be added.
      MemorySegment reported = arena.allocate(bytes, Long.BYTES);
      read(arena, range, reported);
      merge(reported, requestedPageSize / pageSize, bitmap);
    }
  }

  private void read(Arena arena, IovaRange range, MemorySegment reported) throws DeviceException {
    MemorySegment argument = Struct.allocate(arena, DirtyBitmap.LAYOUT, DirtyBitmapGet.LAYOUT.byteSize());
    argument.set(JAVA_INT, DirtyBitmap.FLAGS, DirtyBitmap.GET_BITMAP);
    long get = DirtyBitmap.DATA;
    argument.set(JAVA_LONG, get + DirtyBitmapGet.IOVA, range.iova());
    argument.set(JAVA_LONG, get + DirtyBitmapGet.SIZE, range.length());
    long bitmap = get + DirtyBitmapGet.BITMAP;
    argument.set(JAVA_LONG, bitmap + Bitmap.PGSIZE, pageSize);
    argument.set(JAVA_LONG, bitmap + Bitmap.SIZE, reported.byteSize());
    argument.set(JAVA_LONG, bitmap + Bitmap.DATA, reported.address());
    container.ioctl("report dirty pages of " + range, Ioctl.VFIO_IOMMU_DIRTY_PAGES, argument, reported);
  }

  /** Sets a bit for each group of pages of which one is dirty. */
  private static void merge(MemorySegment reported, long pagesPerBit, MemorySegment bitmap) {
    for (long word = 0; word < reported.byteSize() / Long.BYTES; word++) {
      long bits = reported.getAtIndex(JAVA_LONG, word);
      if (pagesPerBit == 1) {
        set(bitmap, word, bits);
        continue;
      }
      while (bits != 0) {
        long bit = (word * Long.SIZE + Long.numberOfTrailingZeros(bits)) / pagesPerBit;
        set(bitmap, bit / Long.SIZE, 1L << bit);
        bits &= bits - 1;
      }
    }
  }

  private static void set(MemorySegment bitmap, long word, long bits) {
    if (bits != 0) {
      bitmap.set(JAVA_LONG_UNALIGNED, word * Long.BYTES,
          bitmap.get(JAVA_LONG_UNALIGNED, word * Long.BYTES) | bits);
    }
  }
}
