// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.testing;

import static org.assertj.core.api.Assertions.fail;

/** Waits for a condition that another thread makes true. The timeout of the test interrupts the wait. */
public final class Await {

  private Await() {
  }

  /** A condition. */
  @FunctionalInterface
  public interface Condition {
    boolean isTrue() throws Exception;
  }

  public static void until(String description, Condition condition) throws Exception {
    while (!condition.isTrue()) {
      if (Thread.currentThread().isInterrupted()) {
        fail("still waiting until " + description);
      }
      Thread.onSpinWait();
    }
  }
}
