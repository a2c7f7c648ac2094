// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import org.jspecify.annotations.Nullable;

/**
 * The loss of a device: its server died, violated the protocol, or did not answer in time. The state of the
 * device is unknown, and every later call fails in the same way.
 */
public final class DeviceLostException extends DeviceException {

  private static final long serialVersionUID = 1;

  /**
   * Creates an exception.
   *
   * @param device the name of the device
   * @param action the request during which the device was lost
   * @param errno the errno that stands for the reason, as in ECONNRESET
   * @param reason the reason in words
   * @param cause the underlying exception, if any
   */
  public DeviceLostException(String device, String action, Errno errno, String reason,
      @Nullable Throwable cause) {
    super(device, action, errno, device + " is lost: " + action + ": " + reason, cause);
  }
}
