// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import java.util.Random;

/** Randomness that can be had again, with {@code -Dvfio4j.seed=N}. */
public final class RandomSeeds {

  /** A test that draws. */
  public interface RandomTest {
    /** Runs it. */
    void run(Random random) throws Exception;
  }

  private RandomSeeds() {
  }

  /** Runs a test with some seeds, or with the one that was asked for; a failure tells which. */
  public static void each(int times, RandomTest test) {
    Long wanted = Long.getLong("vfio4j.seed");
    long first = wanted != null ? wanted : new Random().nextInt(1_000_000);
    for (long seed = first; seed < first + (wanted != null ? 1 : times); seed++) {
      try {
        test.run(new Random(seed));
      } catch (Exception | AssertionError e) {
        throw new AssertionError("failed with -Dvfio4j.seed=" + seed + ": " + e.getMessage(), e);
      }
    }
  }
}
