// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit;

import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/** Runs a test over seeded cases. A failure reports its seed, and {@code -Dvfio4j.seed=N} runs only that case. */
public final class Seeds {

  /** The system property with the seed of the only case to run. */
  public static final String PROPERTY = "vfio4j.seed";

  private Seeds() {
  }

  /** A test of one case. */
  @FunctionalInterface
  public interface Case {

    /**
     * Runs the case.
     *
     * @param random generates the case; the same seed gives the same case
     * @throws Exception or an error if it fails
     */
    void run(RandomGenerator random) throws Exception;
  }

  /**
   * Runs cases with seeds that differ from run to run.
   *
   * @param count the number of cases, unless a seed is given
   * @param test the test to run
   * @throws AssertionError with the seed of the first case that fails; the failure is its cause
   */
  public static void forEach(int count, Case test) {
    String only = System.getProperty(PROPERTY);
    if (only != null) {
      run(Long.parseLong(only), test);
      return;
    }
    long first = System.nanoTime();
    for (int i = 0; i < count; i++) {
      run(first + i, test);
    }
  }

  private static void run(long seed, Case test) {
    try {
      // Not java.util.Random: its first values are almost the same for consecutive seeds.
      test.run(new SplittableRandom(seed));
    } catch (Exception | AssertionError e) {
      throw new AssertionError("failed with -D%s=%d: %s".formatted(PROPERTY, seed, e), e);
    }
  }
}
