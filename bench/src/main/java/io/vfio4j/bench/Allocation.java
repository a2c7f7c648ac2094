// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.bench;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;

/** Counts the bytes of heap that a thread allocates. */
final class Allocation {

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private Allocation() {
  }

  static long of(long threadId) {
    return THREADS.getThreadAllocatedBytes(threadId);
  }

  static long ofThisThread() {
    return THREADS.getCurrentThreadAllocatedBytes();
  }
}
