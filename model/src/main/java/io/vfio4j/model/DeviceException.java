// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import java.io.IOException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A device refused a request or failed at it. */
public class DeviceException extends IOException {

  private static final long serialVersionUID = 1;

  private final String device;
  private final String action;
  private final Errno errno;
  private final @Nullable String reason;

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
   * Makes an exception for a refusal whose reason is known.
   *
   * @param device the device's name
   * @param action what was asked of it
   * @param errno the device's answer
   * @param reason why it answered so, in its own words
   * @param cause what lies beneath, if anything
   */
  public static DeviceException refused(String device, String action, Errno errno, String reason,
      @Nullable Throwable cause) {
    return new DeviceException(device, action, errno, device + ": " + action + ": " + errno + ": " + reason,
        reason,
        cause);
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
    this(device, action, errno, message, null, cause);
  }

  /** Makes an exception of which all is known. */
  DeviceException(String device, String action, Errno errno, String message, @Nullable String reason,
      @Nullable Throwable cause) {
    super(message, cause);
    this.device = device;
    this.action = action;
    this.errno = errno;
    this.reason = reason;
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

  /** Returns why the device answered so, in its own words; empty where it did not say. */
  public Optional<String> reason() {
    return reason == null && getCause() instanceof ErrnoException refusal
        ? Optional.of(refusal.reason())
        : Optional.ofNullable(reason);
  }
}
