// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Descriptors that came with messages (SCM_RIGHTS). Who takes one owns it; {@link #close()} closes the
 * others, and leaves this object empty, to be used again. For one thread.
 */
public final class ReceivedFds implements AutoCloseable {

  /** In order of arrival, null where taken. */
  private final List<@Nullable Fd> fds = new ArrayList<>();

  /** Makes an empty collection. */
  public ReceivedFds() {}

  /** Returns how many came since the last {@link #close()}, taken ones included. */
  public int count() {
    return fds.size();
  }

  /**
   * Takes a descriptor; the caller must close it.
   *
   * @param index from 0, in order of arrival
   * @throws IndexOutOfBoundsException if fewer came
   * @throws IllegalStateException if it was taken before
   */
  public Fd take(int index) {
    return requireNotTaken(fds.set(index, null), index);
  }

  /**
   * Looks at a descriptor, which stays this object's.
   *
   * @param index from 0, in order of arrival
   * @throws IndexOutOfBoundsException if fewer came
   * @throws IllegalStateException if it was taken before
   */
  public Fd peek(int index) {
    return requireNotTaken(fds.get(index), index);
  }

  private static Fd requireNotTaken(@Nullable Fd fd, int index) {
    if (fd == null) {
      throw new IllegalStateException("received descriptor " + index + " was taken before");
    }
    return fd;
  }

  /** Takes over all that another collection has left, and empties it. */
  public void takeAll(ReceivedFds other) {
    fds.addAll(other.fds);
    other.fds.clear();
  }

  /** Adds a descriptor, which this object owns from now on. */
  public void add(Fd fd) {
    fds.add(fd);
  }

  /** Closes all that were not taken, and forgets all. */
  @Override
  public void close() {
    for (Fd fd : fds) {
      if (fd != null) {
        fd.close();
      }
    }
    fds.clear();
  }
}
