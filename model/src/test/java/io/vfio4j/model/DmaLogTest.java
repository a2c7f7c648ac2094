// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DmaLogTest {

  @ParameterizedTest
  @CsvSource({
      "1, 4096, 8",
      "4096, 4096, 8",
      "262144, 4096, 8",
      "262145, 4096, 16",
      "1048576, 4096, 32",
      "1048576, 1048576, 8",
      "-1, 4096, 562949953421312",
      "-1, -9223372036854775808, 8",
      "-9223372036854775808, 4096, 281474976710656",
  })
  void sizesBitmapInWholeWords(long length, long pageSize, long bytes) {
    assertThat(DmaLog.bitmapBytes(new IovaRange(0, length), pageSize)).isEqualTo(bytes);
  }

  @Test
  void sizesBitmapWithoutOverflow() {
    Property.forCases(10_000, random -> {
      long length = random.nextLong() >>> random.nextInt(64);
      long pageSize = 1L << random.nextInt(12, 64);
      if (length != 0) {
        BigInteger pages = divideRoundingUp(unsigned(length), unsigned(pageSize));
        BigInteger words = divideRoundingUp(pages, BigInteger.valueOf(64));
        assertThat(DmaLog.bitmapBytes(new IovaRange(0, length), pageSize))
            .as("0x%x in pages of 0x%x", length, pageSize)
            .isEqualTo(words.longValueExact() * 8);
      }
    });
  }

  private static BigInteger unsigned(long value) {
    return new BigInteger(Long.toUnsignedString(value));
  }

  private static BigInteger divideRoundingUp(BigInteger value, BigInteger divisor) {
    return value.add(divisor).subtract(BigInteger.ONE).divide(divisor);
  }
}
