// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import java.io.Serializable;
import java.util.Map;
import java.util.Optional;

/**
 * An error number of Linux. The numbers are those of asm-generic, which x86-64 and arm64 share.
 *
 * @param number the number, any value that came from outside
 */
public record Errno(int number) implements Serializable {

  private record Entry(String name, String description) {
  }

  private static final Map<Integer, Entry> KNOWN = Map.ofEntries(
      known(1, "EPERM", "not permitted"),
      known(2, "ENOENT", "no such thing"),
      known(4, "EINTR", "interrupted"),
      known(5, "EIO", "input/output error"),
      known(6, "ENXIO", "no such device or address"),
      known(7, "E2BIG", "too much at once"),
      known(9, "EBADF", "not an open file descriptor"),
      known(11, "EAGAIN", "not now, try again"),
      known(12, "ENOMEM", "out of memory"),
      known(13, "EACCES", "access denied"),
      known(14, "EFAULT", "bad address"),
      known(16, "EBUSY", "busy"),
      known(17, "EEXIST", "exists already"),
      known(19, "ENODEV", "no such device"),
      known(20, "ENOTDIR", "not a directory"),
      known(22, "EINVAL", "invalid argument"),
      known(23, "ENFILE", "too many open files in the system"),
      known(24, "EMFILE", "too many open files in this process"),
      known(25, "ENOTTY", "not offered by this device"),
      known(27, "EFBIG", "file too large"),
      known(28, "ENOSPC", "no space left"),
      known(32, "EPIPE", "the other end is closed"),
      known(34, "ERANGE", "out of range"),
      known(36, "ENAMETOOLONG", "name too long"),
      known(38, "ENOSYS", "not implemented"),
      known(42, "ENOMSG", "nothing to read now"),
      known(61, "ENODATA", "no data"),
      known(62, "ETIME", "timer expired"),
      known(71, "EPROTO", "protocol error"),
      known(74, "EBADMSG", "damaged message"),
      known(75, "EOVERFLOW", "value too large"),
      known(88, "ENOTSOCK", "not a socket"),
      known(90, "EMSGSIZE", "message too long"),
      known(91, "EPROTOTYPE", "wrong type of protocol"),
      known(92, "ENOPROTOOPT", "no such protocol option"),
      known(95, "EOPNOTSUPP", "not supported"),
      known(97, "EAFNOSUPPORT", "address family not supported"),
      known(98, "EADDRINUSE", "address in use"),
      known(99, "EADDRNOTAVAIL", "address not available"),
      known(101, "ENETUNREACH", "network is unreachable"),
      known(103, "ECONNABORTED", "connection aborted"),
      known(104, "ECONNRESET", "connection reset by the other end"),
      known(105, "ENOBUFS", "no buffer space"),
      known(106, "EISCONN", "connected already"),
      known(107, "ENOTCONN", "not connected"),
      known(110, "ETIMEDOUT", "timed out"),
      known(111, "ECONNREFUSED", "connection refused"),
      known(113, "EHOSTUNREACH", "no route to host"),
      known(121, "EREMOTEIO", "remote input/output error"),
      known(125, "ECANCELED", "canceled"));

  public static final Errno EPERM = new Errno(1);
  public static final Errno ENOENT = new Errno(2);
  public static final Errno EINTR = new Errno(4);
  public static final Errno EIO = new Errno(5);
  public static final Errno E2BIG = new Errno(7);
  public static final Errno EBADF = new Errno(9);
  public static final Errno EAGAIN = new Errno(11);
  public static final Errno ENOMEM = new Errno(12);
  public static final Errno EACCES = new Errno(13);
  public static final Errno EFAULT = new Errno(14);
  public static final Errno EBUSY = new Errno(16);
  public static final Errno EEXIST = new Errno(17);
  public static final Errno ENODEV = new Errno(19);
  public static final Errno EINVAL = new Errno(22);
  public static final Errno EMFILE = new Errno(24);
  public static final Errno ENOTTY = new Errno(25);
  public static final Errno ENOSPC = new Errno(28);
  public static final Errno EPIPE = new Errno(32);
  public static final Errno ERANGE = new Errno(34);
  public static final Errno ENAMETOOLONG = new Errno(36);
  public static final Errno ENOSYS = new Errno(38);
  public static final Errno ENOMSG = new Errno(42);
  public static final Errno EPROTO = new Errno(71);
  public static final Errno EBADMSG = new Errno(74);
  public static final Errno EOVERFLOW = new Errno(75);
  public static final Errno EMSGSIZE = new Errno(90);
  public static final Errno EPROTOTYPE = new Errno(91);
  public static final Errno EOPNOTSUPP = new Errno(95);
  public static final Errno EADDRINUSE = new Errno(98);
  public static final Errno ECONNABORTED = new Errno(103);
  public static final Errno ECONNRESET = new Errno(104);
  public static final Errno ETIMEDOUT = new Errno(110);
  public static final Errno ECONNREFUSED = new Errno(111);

  private static Map.Entry<Integer, Entry> known(int number, String name, String words) {
    return Map.entry(number, new Entry(name, words));
  }

  /** Returns the name, as in {@code EINVAL}, or {@code errno N} where none is known. */
  public String name() {
    Entry entry = KNOWN.get(number);
    return entry != null ? entry.name : "errno " + number;
  }

  /** Returns the errno with a name, as in {@code EINVAL}. */
  public static Optional<Errno> named(String name) {
    return KNOWN.entrySet().stream()
        .filter(e -> e.getValue().name.equals(name))
        .map(e -> new Errno(e.getKey()))
        .findFirst();
  }

  /** Returns name and words, as in {@code EINVAL (invalid argument)}. */
  @Override
  public String toString() {
    Entry entry = KNOWN.get(number);
    return entry != null ? entry.name + " (" + entry.description + ")" : "errno " + number;
  }
}
