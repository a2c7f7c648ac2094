// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.math.BigInteger;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class IovaRangeTest {

  private static final int CASES = 10_000;
  private static final BigInteger END_OF_SPACE = BigInteger.TWO.pow(64);

  /**
   * Returns an address or a length: one of few values, so that they often coincide, including both ends of
   * the space.
   */
  private static long randomNumber(RandomGenerator random) {
    long near = Property.oneOf(random, 0L, Long.MAX_VALUE, Long.MIN_VALUE, -1L, random.nextLong());
    return near + random.nextLong(-4, 5);
  }

  private static IovaRange randomRange(RandomGenerator random) {
    while (true) {
      long iova = randomNumber(random);
      long length = random.nextBoolean() ? random.nextLong(1, 6) : randomNumber(random);
      if (IovaRange.isValid(iova, length)) {
        return new IovaRange(iova, length);
      }
    }
  }

  private static BigInteger unsigned(long value) {
    return new BigInteger(Long.toUnsignedString(value));
  }

  private static BigInteger begin(IovaRange range) {
    return unsigned(range.iova());
  }

  private static BigInteger end(IovaRange range) {
    return begin(range).add(unsigned(range.length()));
  }

  @Test
  void validatesRanges() {
    Property.forCases(CASES, random -> {
      long iova = randomNumber(random);
      long length = randomNumber(random);
      boolean fits = unsigned(iova).add(unsigned(length)).compareTo(END_OF_SPACE) <= 0;
      assertThat(IovaRange.isValid(iova, length)).as("0x%x+0x%x", iova, length)
          .isEqualTo(fits && length != 0);
    });
  }

  @Test
  void returnsLastAddress() {
    Property.forCases(CASES, random -> {
      IovaRange range = randomRange(random);
      assertThat(unsigned(range.last())).as("%s", range).isEqualTo(end(range).subtract(BigInteger.ONE));
    });
  }

  @Test
  void detectsOverlap() {
    Property.forCases(CASES, random -> {
      IovaRange a = randomRange(random);
      IovaRange b = randomRange(random);
      boolean expected = begin(a).compareTo(end(b)) < 0 && begin(b).compareTo(end(a)) < 0;
      assertThat(a.overlaps(b)).as("%s and %s", a, b).isEqualTo(expected).isEqualTo(b.overlaps(a));
      assertThat(a.overlaps(a)).isTrue();
    });
  }

  @Test
  void detectsContainment() {
    Property.forCases(CASES, random -> {
      IovaRange a = randomRange(random);
      IovaRange b = randomRange(random);
      boolean expected = begin(a).compareTo(begin(b)) <= 0 && end(b).compareTo(end(a)) <= 0;
      assertThat(a.contains(b.iova(), b.length())).as("%s in %s", b, a).isEqualTo(expected);
      assertThat(!expected || a.overlaps(b)).as("contained means overlapping").isTrue();
      assertThat(expected && b.contains(a.iova(), a.length())).as("both ways means equal")
          .isEqualTo(a.equals(b));
    });
  }

  @Test
  void containsNoInvalidRange() {
    Property.forCases(CASES, random -> {
      IovaRange range = randomRange(random);
      long iova = randomNumber(random);
      long length = randomNumber(random);
      if (!IovaRange.isValid(iova, length)) {
        assertThat(range.contains(iova, length)).as("0x%x+0x%x in %s", iova, length, range).isFalse();
      }
    });
    assertThat(new IovaRange(0x1000, 0x1000).contains(0x1800, -0x400)).isFalse();
  }

  @Test
  void ordersByUnsignedAddress() {
    IovaRange low = new IovaRange(0, 0x1000);
    IovaRange longer = new IovaRange(0, 0x2000);
    IovaRange high = new IovaRange(-0x1000, 0x1000);

    assertThat(Stream.of(high, longer, low).sorted()).isEqualTo(List.of(low, longer, high));
  }

  @Test
  void mayEndAtLastAddress() {
    assertThat(new IovaRange(-1, 1).last()).isEqualTo(-1);
    assertThat(new IovaRange(0, -1).last()).isEqualTo(-2);
    assertThatIllegalArgumentException().isThrownBy(() -> new IovaRange(-1, 2))
        .withMessage("0xffffffffffffffff + 0x2 is not a valid address range");
    assertThatIllegalArgumentException().isThrownBy(() -> new IovaRange(0x1000, 0));
  }

  @Test
  void formatsInHexadecimal() {
    assertThat(new IovaRange(-0x2000, 0x1000)).hasToString("0xffffffffffffe000+0x1000");
  }
}
