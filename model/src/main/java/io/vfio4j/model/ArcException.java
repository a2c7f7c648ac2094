// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

/** The failure of an emulated device to take an arc. */
public final class ArcException extends ErrnoException {

  private static final long serialVersionUID = 1;

  private final boolean entersError;

  /**
   * Creates the failure of an arc.
   *
   * @param errno the errno to return
   * @param entersError whether the device is in ERROR now; otherwise it is in the state before the arc
   * @param reason the cause of the failure, for the log
   */
  public ArcException(Errno errno, boolean entersError, String reason) {
    super(errno, reason);
    this.entersError = entersError;
  }

  /** Returns whether the device is in ERROR now. */
  public boolean entersError() {
    return entersError;
  }
}
