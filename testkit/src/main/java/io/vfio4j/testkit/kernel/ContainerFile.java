// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit.kernel;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import io.vfio4j.model.Errno;
import java.lang.foreign.MemorySegment;

/** {@code /dev/vfio/vfio}. */
final class ContainerFile implements ScriptedFile {

  private static final int TYPE1 = 1;
  private static final int TYPE1_V2 = 3;

  private static final int OTHER_CAPABILITY = 3;
  private static final int MIGRATION_CAPABILITY = 2;
  private static final long MAX_BITMAP_BYTES = 1 << 28;

  private final ScriptedMemory memory;
  private final KernelProfile profile;
  private boolean hasGroup;
  private boolean hasIommu;

  ContainerFile(ScriptedMemory memory, KernelProfile profile) {
    this.memory = memory;
    this.profile = profile;
  }

  boolean hasIommu() {
    return hasIommu;
  }

  void addGroup() {
    hasGroup = true;
  }

  @Override
  public int ioctl(int request, MemorySegment argument, MemorySegment pointedAt) {
    return switch (request) {
      case IoctlNumbers.GET_API_VERSION -> 0;
      case IoctlNumbers.CHECK_EXTENSION ->
        argument.address() == TYPE1 || argument.address() == TYPE1_V2 ? 1 : 0;
      case IoctlNumbers.SET_IOMMU -> setIommu(argument.address());
      case IoctlNumbers.IOMMU_GET_INFO, IoctlNumbers.IOMMU_MAP_DMA, IoctlNumbers.IOMMU_UNMAP_DMA,
          IoctlNumbers.IOMMU_DIRTY_PAGES ->
        hasIommu ? iommuIoctl(request, argument, pointedAt) : -Errno.EINVAL.number();
      default -> -Errno.ENOTTY.number();
    };
  }

  private int setIommu(long type) {
    if (!hasGroup || hasIommu || type != TYPE1_V2) {
      return -Errno.EINVAL.number();
    }
    hasIommu = true;
    return 0;
  }

  private int iommuIoctl(int request, MemorySegment argument, MemorySegment pointedAt) {
    return switch (request) {
      case IoctlNumbers.IOMMU_GET_INFO -> info(argument);
      case IoctlNumbers.IOMMU_MAP_DMA -> {
        int flags = argument.get(JAVA_INT, 4);
        yield pointedAt.address() != argument.get(JAVA_LONG, 8) || (flags & 1) == 0
            ? -Errno.EFAULT.number()
            : memory.map(argument.get(JAVA_LONG, 16), pointedAt, argument.get(JAVA_LONG, 24),
                (flags & 2) != 0);
      }
      case IoctlNumbers.IOMMU_UNMAP_DMA -> {
        argument.set(JAVA_LONG, 16, memory.unmap(argument.get(JAVA_LONG, 8), argument.get(JAVA_LONG, 16)));
        yield 0;
      }
      default -> dirtyPages(argument, pointedAt);
    };
  }

  /** Returns two capabilities; the second is that of migration. */
  private int info(MemorySegment argument) {
    if (!profile.hasDirtyPages()) {
      argument.set(JAVA_INT, 4, 1);
      return 0;
    }
    argument.set(JAVA_INT, 4, 3);
    argument.set(JAVA_LONG, 8, -ScriptedMemory.PAGE);
    argument.set(JAVA_INT, 16, 24);
    argument.set(JAVA_SHORT, 24, (short) OTHER_CAPABILITY);
    argument.set(JAVA_SHORT, 26, (short) 1);
    argument.set(JAVA_INT, 28, 40);
    argument.set(JAVA_SHORT, 40, (short) MIGRATION_CAPABILITY);
    argument.set(JAVA_SHORT, 42, (short) 1);
    argument.set(JAVA_INT, 44, 0);
    argument.set(JAVA_LONG, 56, ScriptedMemory.PAGE);
    argument.set(JAVA_LONG, 64, MAX_BITMAP_BYTES);
    return 0;
  }

  private int dirtyPages(MemorySegment argument, MemorySegment pointedAt) {
    return switch (argument.get(JAVA_INT, 4)) {
      case 1 -> memory.track(true);
      case 2 -> memory.track(false);
      case 4 -> {
        boolean isRight =
            argument.get(JAVA_INT, 0) == 48 && argument.get(JAVA_LONG, 24) == ScriptedMemory.PAGE
                && argument.get(JAVA_LONG, 32) <= pointedAt.byteSize()
                && argument.get(JAVA_LONG, 32) <= MAX_BITMAP_BYTES
                && !memory.splitsMapping(argument.get(JAVA_LONG, 8), argument.get(JAVA_LONG, 16))
                && argument.get(JAVA_LONG, 40) == pointedAt.address();
        yield isRight
            ? memory.report(argument.get(JAVA_LONG, 8), argument.get(JAVA_LONG, 16), pointedAt, true)
            : -Errno.EINVAL.number();
      }
      default -> -Errno.EINVAL.number();
    };
  }
}
