// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.recording;

import java.util.Locale;

/** What a file descriptor is of, as far as a recording tells. */
public enum FdKind {
  /** Something else than the others. */
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

  /** Returns the number of this kind in a file. */
  @SuppressWarnings("EnumOrdinal") // New kinds are added at the end.
  int wireValue() {
    return ordinal();
  }

  /** Returns the kind with a number that came out of a file; {@link #OTHER} for one that is not known. */
  static FdKind fromWire(int value) {
    FdKind[] kinds = values();
    return value >= 0 && value < kinds.length ? kinds[value] : OTHER;
  }

  /** Returns the kind of what {@code /proc/self/fd/N} leads to. */
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

  /** Returns the name as messages have it. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
