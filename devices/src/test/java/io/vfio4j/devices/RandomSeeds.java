// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import java.util.Random;

/** Random seeds that can be repeated with {@code -Dvfio4j.seed=N}. */
public final class RandomSeeds {

  /** A test with random input. */
  public interface RandomTest {
    void run(Random random) throws Exception;
  }

  private RandomSeeds() {
  }

  /** Runs a test with several seeds, or with the requested one; a failure reports the seed. */
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
