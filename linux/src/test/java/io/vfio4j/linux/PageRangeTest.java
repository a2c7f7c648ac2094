// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PageRangeTest {

  /** The RAM of a PC as mapped by QEMU, in pages of 4 KiB, 64 KiB, 2 MiB and 1 GiB. */
  @ParameterizedTest
  @CsvSource(textBlock = """
      0xc0000    | 0x40000    | 0x1000     | 0xc0000    | 0x40000
      0xc8000    | 0x3000     | 0x10000    | 0xc0000    | 0x10000
      0xcf000    | 0x2000     | 0x10000    | 0xc0000    | 0x20000
      0          | 0xa0000    | 0x200000   | 0          | 0x200000
      0xc0000    | 0x40000    | 0x200000   | 0          | 0x200000
      0x100000   | 0x7ff00000 | 0x200000   | 0          | 0x80000000
      0x100000   | 0x7ff00000 | 0x40000000 | 0          | 0x80000000
      0x1fffff   | 2          | 0x200000   | 0          | 0x400000
      0x200000   | 1          | 0x200000   | 0x200000   | 0x200000
      """, delimiter = '|')
  void coversWholePages(String offset, String length, String pageSize, String begin, String covered) {
    assertThat(PageRange.covering(Long.decode(offset), Long.decode(length), Long.decode(pageSize)))
        .contains(new PageRange(Long.decode(begin), Long.decode(covered)));
  }

  @ParameterizedTest
  @CsvSource({"0x7fffffffffffefff, 0x1001, 0x1000", "0x7ffffffffff00000, 0x1000, 0x200000"})
  void returnsEmptyOnOverflow(String offset, String length, String pageSize) {
    assertThat(PageRange.covering(Long.decode(offset), Long.decode(length), Long.decode(pageSize))).isEmpty();
  }
}
