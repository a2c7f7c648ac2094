// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;

/**
 * A duration, timespec(3type):
 *
 * <pre>{@code
 * struct timespec {
 *   time_t tv_sec;
 *   long   tv_nsec;
 * };
 * }</pre>
 */
final class Timespec {

  static final long SIZE = 16;
  static final long SEC_OFFSET = 0;
  static final long NSEC_OFFSET = 8;

  private static final long NANOS_PER_SECOND = 1_000_000_000;

  private Timespec() {}

  static void set(MemorySegment timespec, long nanos) {
    timespec.set(JAVA_LONG, SEC_OFFSET, nanos / NANOS_PER_SECOND);
    timespec.set(JAVA_LONG, NSEC_OFFSET, nanos % NANOS_PER_SECOND);
  }
}
