// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.util;

/** Says to the threads of one side that what they do is of no use any more. */
public final class Cancellation {

  private volatile boolean cancelled;
  private volatile Runnable wake = () -> {
  };

  /** Has something done when it is called, which wakes threads that would not ask. */
  public void onCancel(Runnable waking) {
    wake = waking;
  }

  void cancel() {
    cancelled = true;
    wake.run();
  }

  /** Throws if it was called; to be asked between pieces of work. */
  public void check() throws CancelledException {
    if (cancelled) {
      throw new CancelledException();
    }
  }
}
