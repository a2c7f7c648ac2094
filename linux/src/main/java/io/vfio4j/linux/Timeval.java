// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.time.Duration;

/**
 * A duration for SO_RCVTIMEO and SO_SNDTIMEO, timeval(3type):
 *
 * <pre>{@code
 * struct timeval {
 *   time_t      tv_sec;
 *   suseconds_t tv_usec;
 * };
 * }</pre>
 */
final class Timeval {

  static final long SIZE = 16;
  static final long SEC_OFFSET = 0;
  static final long USEC_OFFSET = 8;

  private static final long MICROS_PER_SECOND = 1_000_000;

  private Timeval() {}

  /** Sets a duration, rounded up to a microsecond: a short timeout must not become zero, which means none. */
  static void set(MemorySegment timeval, Duration duration) {
    long micros = (duration.getNano() + 999L) / 1000;
    timeval.set(JAVA_LONG, SEC_OFFSET, duration.getSeconds() + micros / MICROS_PER_SECOND);
    timeval.set(JAVA_LONG, USEC_OFFSET, micros % MICROS_PER_SECOND);
  }
}
