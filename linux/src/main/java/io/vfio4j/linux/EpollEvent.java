// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.MemorySegment;

/**
 * An event, or the settings of a descriptor, struct epoll_event of epoll_ctl(2); packed on x86-64 only.
 *
 * <pre>{@code
 * struct epoll_event {
 *   uint32_t events;
 *   uint64_t data;
 * };
 * }</pre>
 */
final class EpollEvent {

  static final boolean PACKED = "amd64".equals(System.getProperty("os.arch"));
  static final long SIZE = PACKED ? 12 : 16;
  static final long EVENTS_OFFSET = 0;
  static final long DATA_OFFSET = PACKED ? 4 : 8;

  static final int EPOLLIN = 0x1;
  static final int EPOLLET = 1 << 31;

  private EpollEvent() {}

  static void set(MemorySegment event, int events, long data) {
    event.set(JAVA_INT, EVENTS_OFFSET, events);
    event.set(JAVA_LONG_UNALIGNED, DATA_OFFSET, data);
  }

  static long data(MemorySegment events, int index) {
    return events.get(JAVA_LONG_UNALIGNED, index * SIZE + DATA_OFFSET);
  }
}
