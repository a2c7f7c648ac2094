// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit.kernel;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.vfio4j.model.Errno;
import java.lang.foreign.MemorySegment;

/** {@code /dev/iommu}, with one IOAS and one page table that can track dirty pages. */
final class IommufdFile implements ScriptedFile {

  static final int DEVICE = 1;
  static final int ADDRESS_SPACE = 2;
  static final int PAGE_TABLE = 3;

  private static final int FIXED_IOVA = 1;
  private static final int WRITEABLE = 2;
  private static final int READABLE = 4;
  private static final int DIRTY_TRACKING = 2;

  private final ScriptedMemory memory;
  private final KernelProfile profile;

  IommufdFile(ScriptedMemory memory, KernelProfile profile) {
    this.memory = memory;
    this.profile = profile;
  }

  @Override
  public int ioctl(int request, MemorySegment argument, MemorySegment pointedAt) {
    return switch (request) {
      case IoctlNumbers.IOAS_ALLOC -> {
        argument.set(JAVA_INT, 8, ADDRESS_SPACE);
        yield 0;
      }
      case IoctlNumbers.IOAS_MAP -> map(argument, pointedAt);
      case IoctlNumbers.IOAS_UNMAP -> argument.get(JAVA_INT, 4) != ADDRESS_SPACE
          || memory.unmap(argument.get(JAVA_LONG, 8), argument.get(JAVA_LONG, 16)) == 0
              ? -Errno.ENOENT.number() : 0;
      case IoctlNumbers.GET_HW_INFO -> {
        argument.set(JAVA_LONG, 32, profile.hasDirtyPages() ? 1 : 0);
        yield argument.get(JAVA_INT, 8) == DEVICE ? 0 : -Errno.ENOENT.number();
      }
      case IoctlNumbers.HWPT_ALLOC -> allocPageTable(argument);
      case IoctlNumbers.HWPT_SET_DIRTY_TRACKING -> argument.get(JAVA_INT, 8) == PAGE_TABLE
          ? memory.track(argument.get(JAVA_INT, 4) == 1)
          : -Errno.ENOENT.number();
      case IoctlNumbers.HWPT_GET_DIRTY_BITMAP -> dirtyBitmap(argument, pointedAt);
      default -> -Errno.ENOTTY.number();
    };
  }

  private int map(MemorySegment argument, MemorySegment pointedAt) {
    int flags = argument.get(JAVA_INT, 4);
    if (argument.get(JAVA_INT, 8) != ADDRESS_SPACE || (flags & FIXED_IOVA) == 0 || (flags & READABLE) == 0) {
      return -Errno.EINVAL.number();
    }
    return argument.get(JAVA_LONG, 16) != pointedAt.address()
        ? -Errno.EFAULT.number()
        : memory.map(argument.get(JAVA_LONG, 32), pointedAt, argument.get(JAVA_LONG, 24),
            (flags & WRITEABLE) != 0);
  }

  private static int allocPageTable(MemorySegment argument) {
    if (argument.get(JAVA_INT, 4) != DIRTY_TRACKING || argument.get(JAVA_INT, 8) != DEVICE
        || argument.get(JAVA_INT, 12) != ADDRESS_SPACE) {
      return -Errno.EINVAL.number();
    }
    argument.set(JAVA_INT, 16, PAGE_TABLE);
    return 0;
  }

  private int dirtyBitmap(MemorySegment argument, MemorySegment pointedAt) {
    boolean isRight = argument.get(JAVA_INT, 4) == PAGE_TABLE && argument.get(JAVA_INT, 8) == 0
        && argument.get(JAVA_LONG, 32) == ScriptedMemory.PAGE
        && argument.get(JAVA_LONG, 40) == pointedAt.address();
    return isRight ? memory.report(argument.get(JAVA_LONG, 16), argument.get(JAVA_LONG, 24), pointedAt, false)
        : -Errno.EINVAL.number();
  }
}
