// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PreCopyInfoTest {

  /** The fields are u64: {@code -1} is the largest value. */
  @ParameterizedTest
  @CsvSource({
      "0, 0, 0",
      "10, 32, 42",
      "9223372036854775807, 0, 9223372036854775807",
      "9223372036854775807, 1, 9223372036854775807",
      "-1, 0, 9223372036854775807",
      "-1, 2, 9223372036854775807",
      "-1, -1, 9223372036854775807",
  })
  void saturatesPendingSum(long initialBytes, long dirtyBytes, long pending) {
    assertThat(new PreCopyInfo(initialBytes, dirtyBytes, false).pending()).isEqualTo(pending);
  }
}
