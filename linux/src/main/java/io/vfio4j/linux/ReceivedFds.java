// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Descriptors received with messages (SCM_RIGHTS). {@link #take} transfers the ownership of one; {@link
 * #close()} closes the others and empties this object for reuse. For one thread.
 */
public final class ReceivedFds implements AutoCloseable {

  /** In order of arrival; null if taken. */
  private final List<@Nullable Fd> fds = new ArrayList<>();

  /** Makes an empty list. */
  public ReceivedFds() {
  }

  /** Returns the number of descriptors received since the last {@link #close()}, including those taken. */
  public int count() {
    return fds.size();
  }

  /**
   * Takes a descriptor; the caller must close it.
   *
   * @param index from 0, in order of arrival
   * @throws IndexOutOfBoundsException if fewer were received
   * @throws IllegalStateException if it was taken before
   */
  public Fd take(int index) {
    return requireNotTaken(fds.set(index, null), index);
  }

  /**
   * Returns a descriptor that remains owned by this object.
   *
   * @param index from 0, in order of arrival
   * @throws IndexOutOfBoundsException if fewer were received
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

  /** Returns the descriptors that were not taken; they remain owned by this object. */
  public List<Fd> all() {
    return fds.stream().filter(Objects::nonNull).toList();
  }

  /** Takes all remaining descriptors of another collection, which is empty then. */
  public void takeAll(ReceivedFds other) {
    fds.addAll(other.fds);
    other.fds.clear();
  }

  /** Adds a descriptor and takes ownership of it. */
  public void add(Fd fd) {
    fds.add(fd);
  }

  /** Closes the descriptors that were not taken, and empties the collection. */
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
