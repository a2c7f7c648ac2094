// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

/** An emulated device's refusal or failure, as the errno that the kernel's interface would answer. */
public class ErrnoException extends Exception {

  private static final long serialVersionUID = 1;

  private final Errno errno;
  private final String reason;

  /**
   * Makes an exception.
   *
   * @param errno the answer
   * @param reason why, for the server's log and for a client that takes reasons
   */
  public ErrnoException(Errno errno, String reason) {
    super(reason + ": " + errno);
    this.errno = errno;
    this.reason = reason;
  }

  /**
   * Makes an exception with a cause.
   *
   * @param errno the answer
   * @param reason why, for the server's log and for a client that takes reasons
   * @param cause what lies beneath
   */
  public ErrnoException(Errno errno, String reason, Throwable cause) {
    super(reason + ": " + errno, cause);
    this.errno = errno;
    this.reason = reason;
  }

  /** Returns why, without the errno. */
  public String reason() {
    return reason;
  }

  /** Returns the answer. */
  public Errno errno() {
    return errno;
  }
}
