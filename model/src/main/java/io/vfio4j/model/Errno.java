// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import java.io.Serializable;
import java.util.Map;
import java.util.Optional;

/**
 * An error number of Linux. The numbers are those of asm-generic, which x86-64 and arm64 share.
 *
 * @param number the number, any value
 */
public record Errno(int number) implements Serializable {

  private record Entry(String name, String description) {
  }

  private static final Map<Integer, Entry> KNOWN = Map.ofEntries(
      known(1, "EPERM", "operation not permitted"),
      known(2, "ENOENT", "no such file or directory"),
      known(4, "EINTR", "interrupted system call"),
      known(5, "EIO", "input/output error"),
      known(6, "ENXIO", "no such device or address"),
      known(7, "E2BIG", "argument list too long"),
      known(9, "EBADF", "bad file descriptor"),
      known(11, "EAGAIN", "resource temporarily unavailable"),
      known(12, "ENOMEM", "cannot allocate memory"),
      known(13, "EACCES", "permission denied"),
      known(14, "EFAULT", "bad address"),
      known(16, "EBUSY", "device or resource busy"),
      known(17, "EEXIST", "file exists"),
      known(19, "ENODEV", "no such device"),
      known(20, "ENOTDIR", "not a directory"),
      known(22, "EINVAL", "invalid argument"),
      known(23, "ENFILE", "too many open files in system"),
      known(24, "EMFILE", "too many open files"),
      known(25, "ENOTTY", "inappropriate ioctl for device"),
      known(27, "EFBIG", "file too large"),
      known(28, "ENOSPC", "no space left on device"),
      known(32, "EPIPE", "broken pipe"),
      known(34, "ERANGE", "numerical result out of range"),
      known(36, "ENAMETOOLONG", "file name too long"),
      known(38, "ENOSYS", "function not implemented"),
      known(42, "ENOMSG", "no message of desired type"),
      known(61, "ENODATA", "no data available"),
      known(62, "ETIME", "timer expired"),
      known(71, "EPROTO", "protocol error"),
      known(74, "EBADMSG", "bad message"),
      known(75, "EOVERFLOW", "value too large for defined data type"),
      known(88, "ENOTSOCK", "socket operation on non-socket"),
      known(90, "EMSGSIZE", "message too long"),
      known(91, "EPROTOTYPE", "protocol wrong type for socket"),
      known(92, "ENOPROTOOPT", "protocol not available"),
      known(95, "EOPNOTSUPP", "operation not supported"),
      known(97, "EAFNOSUPPORT", "address family not supported by protocol"),
      known(98, "EADDRINUSE", "address already in use"),
      known(99, "EADDRNOTAVAIL", "cannot assign requested address"),
      known(101, "ENETUNREACH", "network is unreachable"),
      known(103, "ECONNABORTED", "software caused connection abort"),
      known(104, "ECONNRESET", "connection reset by peer"),
      known(105, "ENOBUFS", "no buffer space available"),
      known(106, "EISCONN", "transport endpoint is already connected"),
      known(107, "ENOTCONN", "transport endpoint is not connected"),
      known(110, "ETIMEDOUT", "timed out"),
      known(111, "ECONNREFUSED", "connection refused"),
      known(113, "EHOSTUNREACH", "no route to host"),
      known(116, "ESTALE", "stale file handle"),
      known(121, "EREMOTEIO", "remote input/output error"),
      known(125, "ECANCELED", "operation canceled"));

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
  public static final Errno ENOTCONN = new Errno(107);
  public static final Errno ETIMEDOUT = new Errno(110);
  public static final Errno ECONNREFUSED = new Errno(111);
  public static final Errno ESTALE = new Errno(116);

  private static Map.Entry<Integer, Entry> known(int number, String name, String description) {
    return Map.entry(number, new Entry(name, description));
  }

  /** Returns the name, as in {@code EINVAL}, or {@code errno N} if the number has none here. */
  public String name() {
    Entry entry = KNOWN.get(number);
    return entry != null ? entry.name : "errno " + number;
  }

  /** Returns the errno with a name, as in {@code EINVAL}; empty for an unknown name. */
  public static Optional<Errno> named(String name) {
    return KNOWN.entrySet().stream()
        .filter(e -> e.getValue().name.equals(name))
        .map(e -> new Errno(e.getKey()))
        .findFirst();
  }

  /** Returns name and description, as in {@code EINVAL (invalid argument)}. */
  @Override
  public String toString() {
    Entry entry = KNOWN.get(number);
    return entry != null ? entry.name + " (" + entry.description + ")" : "errno " + number;
  }
}
