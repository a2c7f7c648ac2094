// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.bench;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;

/** Measures the bytes of heap that a thread allocates. */
final class ThreadAllocation {

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private ThreadAllocation() {
  }

  static long of(long threadId) {
    return THREADS.getThreadAllocatedBytes(threadId);
  }

  static long ofThisThread() {
    return THREADS.getCurrentThreadAllocatedBytes();
  }
}
