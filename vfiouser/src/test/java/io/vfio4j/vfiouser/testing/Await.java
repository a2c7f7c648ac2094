// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.testing;

import static org.assertj.core.api.Assertions.fail;

/** Waits for what another thread does. A test that takes too long is interrupted, which ends this too. */
public final class Await {

  private Await() {
  }

  /** Tells whether something is so now. */
  @FunctionalInterface
  public interface Condition {
    boolean isTrue() throws Exception;
  }

  public static void until(String what, Condition condition) throws Exception {
    while (!condition.isTrue()) {
      if (Thread.currentThread().isInterrupted()) {
        fail("still waiting until " + what);
      }
      Thread.onSpinWait();
    }
  }
}
