// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import io.vfio4j.engine.MigrationEvent;
import io.vfio4j.engine.MigrationListener;
import java.util.concurrent.atomic.AtomicBoolean;

/** Kills a process at the first occurrence of a step of the engine. */
final class KillAtStep implements MigrationListener {

  /** The process to kill. */
  @FunctionalInterface
  interface KilledProcess {
    void kill() throws InterruptedException;
  }

  private final String step;
  private final KilledProcess victim;
  private final AtomicBoolean killed = new AtomicBoolean();

  KillAtStep(String step, KilledProcess victim) {
    this.step = step;
    this.victim = victim;
  }

  boolean hasKilled() {
    return killed.get();
  }

  @Override
  public void on(MigrationEvent event) {
    if (event.stepName().filter(step::equals).isPresent() && killed.compareAndSet(false, true)) {
      try {
        victim.kill();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
