// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

/** Waits for a thread that has been told to end. */
final class Joining {

  private Joining() {
  }

  /** Waits until a thread has ended; an interrupt is kept for later, since what the thread uses is to be freed. */
  static void join(Thread thread) {
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
