// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import java.io.IOException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A request that a device refused or failed. */
public class DeviceException extends IOException {

  private static final long serialVersionUID = 1;

  private final String device;
  private final String action;
  private final Errno errno;
  private final @Nullable String reason;

  /**
   * Creates an exception for an errno without further information.
   *
   * @param device the name of the device
   * @param action the request, as in {@code reset} or {@code read 4 bytes at 0x10 of BAR0}
   * @param errno the errno returned
   */
  public DeviceException(String device, String action, Errno errno) {
    this(device, action, errno, device + ": " + action + ": " + errno, null);
  }

  /**
   * Returns an exception for a refusal whose reason is known.
   *
   * @param device the name of the device
   * @param action the request
   * @param errno the errno returned
   * @param reason the reason, as stated by the device
   * @param cause the underlying exception, if any
   */
  public static DeviceException refused(String device, String action, Errno errno, String reason,
      @Nullable Throwable cause) {
    return new DeviceException(device, action, errno, device + ": " + action + ": " + errno + ": " + reason,
        reason,
        cause);
  }

  /**
   * Creates an exception with a message.
   *
   * @param device the name of the device
   * @param action the request
   * @param errno the errno returned, or the one that stands for the failure
   * @param message the whole message
   * @param cause the underlying exception, if any
   */
  public DeviceException(String device, String action, Errno errno, String message,
      @Nullable Throwable cause) {
    this(device, action, errno, message, null, cause);
  }

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

  /** Returns the request that failed. */
  public String action() {
    return action;
  }

  /** Returns the errno. */
  public Errno errno() {
    return errno;
  }

  /** Returns the reason as stated by the device; empty if it stated none. */
  public Optional<String> reason() {
    return reason == null && getCause() instanceof ErrnoException refusal
        ? Optional.of(refusal.reason())
        : Optional.ofNullable(reason);
  }
}
