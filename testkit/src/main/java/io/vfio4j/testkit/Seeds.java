// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit;

import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/**
 * Runs a test over seeded cases. A failure names its seed, and {@code -Dvfio4j.seed=N} runs that case alone.
 */
public final class Seeds {

  /** The system property that holds the seed of the only case to run. */
  public static final String PROPERTY = "vfio4j.seed";

  private Seeds() {
  }

  /** A test of one case. */
  @FunctionalInterface
  public interface Case {

    /**
     * Runs the case.
     *
     * @param random generates the case; the same for the same seed
     * @throws Exception or an error if it fails
     */
    void run(RandomGenerator random) throws Exception;
  }

  /**
   * Runs cases, with seeds that differ from run to run.
   *
   * @param count how many, where no seed is given
   * @param test what to run
   * @throws AssertionError about the first case that fails, with its seed; the failure is its cause
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
      test.run(new SplittableRandom(seed)); // Of java.util.Random, seeds in a row give almost the same first draw.
    } catch (Exception | AssertionError e) {
      throw new AssertionError("failed with -D%s=%d: %s".formatted(PROPERTY, seed, e), e);
    }
  }
}
