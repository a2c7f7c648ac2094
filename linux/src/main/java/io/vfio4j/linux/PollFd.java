// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.MemorySegment;

/**
 * An entry in an array of descriptors to wait for, struct pollfd of poll(2):
 *
 * <pre>{@code
 * struct pollfd {
 *   int   fd;
 *   short events;
 *   short revents;
 * };
 * }</pre>
 */
final class PollFd {

  static final long SIZE = 8;
  static final long FD_OFFSET = 0;
  static final long EVENTS_OFFSET = 4;
  static final long REVENTS_OFFSET = 6;

  static final short POLLIN = 0x1;
  static final short POLLOUT = 0x4;
  static final short POLLERR = 0x8;
  static final short POLLHUP = 0x10;
  static final short POLLNVAL = 0x20;

  private PollFd() {}

  static void set(MemorySegment pollFds, int index, int fd, short events) {
    long at = index * SIZE;
    pollFds.set(JAVA_INT, at + FD_OFFSET, fd);
    pollFds.set(JAVA_SHORT, at + EVENTS_OFFSET, events);
    pollFds.set(JAVA_SHORT, at + REVENTS_OFFSET, (short) 0);
  }

  static short revents(MemorySegment pollFds, int index) {
    return pollFds.get(JAVA_SHORT, index * SIZE + REVENTS_OFFSET);
  }
}
