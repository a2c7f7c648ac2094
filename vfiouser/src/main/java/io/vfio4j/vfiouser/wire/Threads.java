// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.wire;

/** Waits for threads to end. */
public final class Threads {

  private Threads() {
  }

  /**
   * Waits until a thread has ended, because what it uses is freed next. An interrupt is restored afterwards.
   */
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
