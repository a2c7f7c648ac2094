// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

/** An emulated device's refusal or failure, as the errno that the kernel's interface would answer. */
public class ErrnoException extends Exception {

  private static final long serialVersionUID = 1;

  private final Errno errno;

  /**
   * Makes an exception.
   *
   * @param errno the answer
   * @param reason why, for the log
   */
  public ErrnoException(Errno errno, String reason) {
    super(reason + ": " + errno);
    this.errno = errno;
  }

  /** Returns the answer. */
  public Errno errno() {
    return errno;
  }
}
