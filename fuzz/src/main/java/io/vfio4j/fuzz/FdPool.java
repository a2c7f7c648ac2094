// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.fuzz;

import io.vfio4j.linux.EventFd;
import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.Memfd;
import io.vfio4j.linux.UnixSocket;
import java.util.ArrayList;
import java.util.List;

/**
 * Descriptors of all kinds, for a client to send. A byte specifies the ones of a message: its low three bits
 * index the count, its upper five the kind of the first; the others are of the kinds that follow.
 */
final class FdPool implements AutoCloseable {

  /** Size of {@link #MEMORY}, bytes. */
  static final int MEMORY_SIZE = 64 << 10;
  /** Kinds, for {@link #spec}. */
  static final int MEMORY = 0;
  static final int EVENT = 1;
  static final int SMALL_MEMORY = 2;
  static final int SOCKET = 3;
  static final int HUGE_MEMORY = 4;
  static final int EMPTY_MEMORY = 5;
  static final int SEALED_MEMORY = 6;

  private static final int[] COUNTS = {0, 1, 2, 3, 4, 8, 9, 253};
  private static final int COUNT_BITS = 3;
  private static final int COUNT_MASK = (1 << COUNT_BITS) - 1;
  private static final int PAGE = 4096;
  private static final long HUGE = 1L << 40;

  private final List<Fd> fds = new ArrayList<>();
  private final UnixSocket.Pair sockets;

  FdPool() throws LinuxException {
    sockets = UnixSocket.pair();
    fds.add(Memfd.create("guest", MEMORY_SIZE));
    fds.add(EventFd.create().fd());
    fds.add(Memfd.create("page", PAGE));
    fds.add(sockets.one().fd());
    fds.add(Memfd.create("huge", HUGE));
    fds.add(Memfd.create("empty", 0));
    Fd sealed = Memfd.create("sealed", MEMORY_SIZE);
    Memfd.seal(sealed);
    fds.add(sealed);
  }

  /** Returns the byte for one descriptor of a kind. */
  static int spec(int kind) {
    return kind << COUNT_BITS | 1;
  }

  /** Clears the memory, so that an input does not depend on the previous one. */
  void clear() throws LinuxException {
    for (int kind : new int[] {MEMORY, SMALL_MEMORY, HUGE_MEMORY}) {
      Fd fd = fds.get(kind);
      long size = fd.size();
      Memfd.resize(fd, 0);
      Memfd.resize(fd, size);
    }
  }

  List<Fd> select(int spec) {
    int count = COUNTS[spec & COUNT_MASK];
    int first = spec >>> COUNT_BITS & 0x1f;
    List<Fd> selected = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      selected.add(fds.get((first + i) % fds.size()));
    }
    return selected;
  }

  @Override
  public void close() {
    fds.forEach(Fd::close);
    sockets.one().close();
    sockets.other().close();
  }
}
