// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

/** A device failed at one arc. */
public final class ArcException extends ErrnoException {

  private static final long serialVersionUID = 1;

  private final boolean entersError;

  /**
   * Makes an exception.
   *
   * @param errno the answer
   * @param entersError whether the device is in ERROR now; otherwise it is in the state before the arc
   * @param reason why, for the log
   */
  public ArcException(Errno errno, boolean entersError, String reason) {
    super(errno, reason);
    this.entersError = entersError;
  }

  /** Tells whether the device is in ERROR now. */
  public boolean entersError() {
    return entersError;
  }
}
