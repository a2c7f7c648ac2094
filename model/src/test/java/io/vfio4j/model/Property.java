// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import static org.assertj.core.api.Assertions.assertThatCode;

import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/**
 * A property that holds for many random cases. On failure, the message has the seed that replays the case.
 */
@FunctionalInterface
public interface Property {

  /** Checks one case. */
  void check(RandomGenerator random) throws Exception;

  /** Checks many cases, or the one of {@code -Dvfio4j.seed=N}. */
  static void forCases(int cases, Property property) {
    Long replayed = Long.getLong("vfio4j.seed");
    if (replayed != null) {
      checkSeed(replayed, property);
      return;
    }
    long first = new SplittableRandom().nextLong();
    for (int i = 0; i < cases; i++) {
      checkSeed(first + i, property);
    }
  }

  private static void checkSeed(long seed, Property property) {
    assertThatCode(() -> property.check(new SplittableRandom(seed)))
        .as("replay with -Dvfio4j.seed=%d", seed)
        .doesNotThrowAnyException();
  }

  /** Returns one of the values. */
  @SafeVarargs
  static <T> T oneOf(RandomGenerator random, T... values) {
    return values[random.nextInt(values.length)];
  }
}
