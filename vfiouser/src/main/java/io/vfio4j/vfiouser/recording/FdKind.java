// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.recording;

import java.util.Locale;

/** The kind of a file descriptor in a recording. */
public enum FdKind {
  /** None of the others. */
  OTHER,
  /** Memory, memfd_create(2). */
  MEMFD,
  /** A file with a name. */
  FILE,
  /** An eventfd(2). */
  EVENTFD,
  /** A socket. */
  SOCKET,
  /** A pipe. */
  PIPE;

  /** Returns the number of the kind in a recording. */
  @SuppressWarnings("EnumOrdinal") // New kinds are added at the end.
  int wireValue() {
    return ordinal();
  }

  /** Returns the kind with a number of a recording; {@link #OTHER} if it is unknown. */
  static FdKind fromWire(int value) {
    FdKind[] kinds = values();
    return value >= 0 && value < kinds.length ? kinds[value] : OTHER;
  }

  /** Returns the kind of a target of {@code /proc/self/fd/N}. */
  static FdKind of(String target) {
    if (target.startsWith("/memfd:")) {
      return MEMFD;
    }
    if (target.startsWith("/")) {
      return FILE;
    }
    if (target.startsWith("anon_inode:[eventfd")) {
      return EVENTFD;
    }
    if (target.startsWith("socket:")) {
      return SOCKET;
    }
    return target.startsWith("pipe:") ? PIPE : OTHER;
  }

  /** Returns the name for messages. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
