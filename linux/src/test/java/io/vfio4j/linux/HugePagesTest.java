// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vfio4j.model.Errno;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

/**
 * Files of hugetlbfs. If no huge pages are available, a mapping gets as far as the empty pool: ENOMEM. The
 * kernel checks offsets before, and returns EINVAL for those that are not whole pages.
 */
class HugePagesTest {

  private static final long KIB = 1024;

  @Test
  void mapsPartOfFileInHugePages() throws Exception {
    try (HugePages pages = HugePages.reserve(2);
        Fd fd = Memfd.createHuge("huge", 2 * HugePages.SIZE, HugePages.SIZE)) {
      try (Arena arena = Arena.ofConfined()) {
        if (!pages.areAvailable()) {
          assertThatThrownBy(() -> MemoryMap.shared(fd, 768 * KIB, 256 * KIB, true, arena))
              .isInstanceOfSatisfying(LinuxException.class,
                  e -> assertThat(e.errno()).isEqualTo(Errno.ENOMEM));
          return;
        }
        MemorySegment whole = MemoryMap.shared(fd, 0, 2 * HugePages.SIZE, true, arena);
        MemorySegment low = MemoryMap.shared(fd, 0, 640 * KIB, true, arena);
        MemorySegment bios = MemoryMap.shared(fd, 768 * KIB, 256 * KIB, false, arena);
        MemorySegment high = MemoryMap.shared(fd, 1024 * KIB, 3 * 1024 * KIB, true, arena);

        low.set(JAVA_LONG, 0, 1);
        whole.set(JAVA_LONG, 768 * KIB, 2);
        high.set(JAVA_LONG, high.byteSize() - 8, 3);

        assertThat(whole.get(JAVA_LONG, 0)).isEqualTo(1);
        assertThat(bios.get(JAVA_LONG, 0)).isEqualTo(2);
        assertThat(whole.get(JAVA_LONG, whole.byteSize() - 8)).isEqualTo(3);
      }
      assertThat(fd.size()).as("no page was added").isEqualTo(2 * HugePages.SIZE);
    }
  }

  @Test
  void mapsWholeHugePages() throws Exception {
    try (Fd huge = Memfd.createHuge("huge", HugePages.SIZE, HugePages.SIZE);
        Fd usual = Memfd.create("usual", HugePages.SIZE)) {
      assertThat(FileStatus.of(huge).fileSystem()).isEqualTo(FileStatus.HUGETLBFS);
      assertThat(FileStatus.of(huge).mappingUnit()).isEqualTo(HugePages.SIZE);
      assertThat(FileStatus.of(usual).fileSystem()).isEqualTo(FileStatus.TMPFS);
      assertThat(FileStatus.of(usual).mappingUnit()).isEqualTo(MemoryCalls.getpagesize());
    }
  }
}
