// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import static org.assertj.core.api.Assertions.fail;

/** Waits for what another thread does. A test that takes too long is interrupted, which ends this too. */
final class Waiting {

  private Waiting() {
  }

  /** Tells whether something is so now. */
  @FunctionalInterface
  interface Condition {
    boolean holds() throws Exception;
  }

  static void until(String what, Condition condition) throws Exception {
    while (!condition.holds()) {
      if (Thread.currentThread().isInterrupted()) {
        fail("still waiting until " + what);
      }
      Thread.onSpinWait();
    }
  }
}
