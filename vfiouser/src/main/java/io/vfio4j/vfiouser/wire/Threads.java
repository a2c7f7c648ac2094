// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.wire;

/** Waits for a thread that has been told to end. */
public final class Threads {

  private Threads() {
  }

  /** Waits until a thread has ended; an interrupt is kept for later, since what the thread uses is to be freed. */
  public static void joinUninterruptibly(Thread thread) {
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
