// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import io.vfio4j.model.Errno;
import java.io.IOException;

/** A failed system call, with its errno. */
public final class LinuxException extends IOException {

  private static final long serialVersionUID = 1;

  private final String function;
  private final String subject;
  private final Errno errno;

  /**
   * Creates an exception.
   *
   * @param function the function, as in {@code recvmsg}
   * @param subject the object of the call: a path, or the name of a descriptor
   * @param errno the errno returned
   */
  public LinuxException(String function, String subject, Errno errno) {
    super(function + " on " + subject + ": " + errno);
    this.function = function;
    this.subject = subject;
    this.errno = errno;
  }

  /** Returns the result of a call if it is not a negated errno. */
  static int check(int result, String function, String subject) throws LinuxException {
    return (int) check((long) result, function, subject);
  }

  /** Returns the result of a call if it is not a negated errno. */
  static long check(long result, String function, String subject) throws LinuxException {
    if (result < 0) {
      throw new LinuxException(function, subject, new Errno((int) -result));
    }
    return result;
  }

  /** Returns the function, as in {@code recvmsg}. */
  public String function() {
    return function;
  }

  /** Returns the object of the call: a path, or the name of a descriptor. */
  public String subject() {
    return subject;
  }

  /** Returns the errno. */
  public Errno errno() {
    return errno;
  }
}
