// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.util;

/** Cancels the work of one side's threads. Thread-safe. */
public final class Cancellation {

  private volatile boolean cancelled;
  private volatile Runnable wake = () -> {
  };

  /** Registers an action that wakes threads which do not check. */
  public void onCancel(Runnable waking) {
    wake = waking;
  }

  void cancel() {
    cancelled = true;
    wake.run();
  }

  /** Throws if cancelled; called between units of work. */
  public void check() throws CancelledException {
    if (cancelled) {
      throw new CancelledException();
    }
  }
}
