// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A device refused a request or failed at it. */
public class DeviceException extends IOException {

  private static final long serialVersionUID = 1;

  private final String device;
  private final String action;
  private final Errno errno;

  /**
   * Makes an exception.
   *
   * @param device the device's name
   * @param action what was asked of it, as in {@code reset} or {@code read 4 bytes at 0x10 of BAR0}
   * @param errno the device's answer
   */
  public DeviceException(String device, String action, Errno errno) {
    this(device, action, errno, device + ": " + action + ": " + errno, null);
  }

  /**
   * Makes an exception with a text and a cause of its own.
   *
   * @param device the device's name
   * @param action what was asked of it
   * @param errno the device's answer, or what stands for it
   * @param message the whole text
   * @param cause what lies beneath, if anything
   */
  public DeviceException(String device, String action, Errno errno, String message,
      @Nullable Throwable cause) {
    super(message, cause);
    this.device = device;
    this.action = action;
    this.errno = errno;
  }

  /** Returns the name of the device. */
  public String device() {
    return device;
  }

  /** Returns what was asked of the device. */
  public String action() {
    return action;
  }

  /** Returns the device's answer. */
  public Errno errno() {
    return errno;
  }
}
