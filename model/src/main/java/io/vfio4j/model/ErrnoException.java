// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

/** The refusal or failure of an emulated device, with the errno that the kernel's interface would return. */
public class ErrnoException extends Exception {

  private static final long serialVersionUID = 1;

  private final Errno errno;
  private final String reason;

  /**
   * Creates an exception.
   *
   * @param errno the errno to return
   * @param reason the reason, for the server's log and for clients that request reasons
   */
  public ErrnoException(Errno errno, String reason) {
    super(reason + ": " + errno);
    this.errno = errno;
    this.reason = reason;
  }

  /**
   * Creates an exception with a cause.
   *
   * @param errno the errno to return
   * @param reason the reason, for the server's log and for clients that request reasons
   * @param cause the underlying exception
   */
  public ErrnoException(Errno errno, String reason, Throwable cause) {
    super(reason + ": " + errno, cause);
    this.errno = errno;
    this.reason = reason;
  }

  /** Returns the reason, without the errno. */
  public String reason() {
    return reason;
  }

  /** Returns the errno. */
  public Errno errno() {
    return errno;
  }
}
