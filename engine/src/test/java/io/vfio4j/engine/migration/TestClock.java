// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.migration;

import io.vfio4j.engine.util.NanoClock;
import io.vfio4j.testkit.ManualClock;

/** The engine's clock on a manual clock: a pause only advances the clock. */
record TestClock(ManualClock clock) implements NanoClock {

  @Override
  public long nanoTime() {
    return clock.nanoTime();
  }

  @Override
  public void pause(long nanos) {
    clock.advanceNanos(nanos);
  }
}
