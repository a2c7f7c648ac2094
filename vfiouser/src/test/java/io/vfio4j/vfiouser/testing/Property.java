// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.testing;

import io.vfio4j.testkit.Seeds;
import java.util.random.RandomGenerator;

/** A property that holds for many random cases. A failure reports the seed of its case. */
@FunctionalInterface
public interface Property {

  /** Checks one case. */
  void check(RandomGenerator random) throws Exception;

  /** Checks a number of cases. */
  static void holdsFor(int cases, Property property) {
    Seeds.forEach(cases, property::check);
  }

  /** Returns one of the values. */
  @SafeVarargs
  static <T> T oneOf(RandomGenerator random, T... values) {
    return values[random.nextInt(values.length)];
  }
}
