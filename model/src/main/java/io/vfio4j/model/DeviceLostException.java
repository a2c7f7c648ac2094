// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import org.jspecify.annotations.Nullable;

/**
 * The device is gone: its server died, broke the protocol, or does not answer in time. Nobody can tell its
 * state, and every later call fails in the same way.
 */
public final class DeviceLostException extends DeviceException {

  private static final long serialVersionUID = 1;

  /**
   * Makes an exception.
   *
   * @param device the device's name
   * @param action what was asked of it
   * @param errno what stands for the reason, as in ECONNRESET
   * @param reason the reason in words
   * @param cause what lies beneath, if anything
   */
  public DeviceLostException(String device, String action, Errno errno, String reason,
      @Nullable Throwable cause) {
    super(device, action, errno, device + " is lost: " + action + ": " + reason, cause);
  }
}
