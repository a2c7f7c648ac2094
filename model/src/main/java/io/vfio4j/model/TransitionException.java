// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import org.jspecify.annotations.Nullable;

/**
 * The failure of a transition.
 *
 * <p>
 * The kernel's interface returns an errno, and the resulting state must be queried; this exception contains
 * both.
 */
public final class TransitionException extends DeviceException {

  private static final long serialVersionUID = 1;

  /** The effect of a failed transition, and the remedies that remain. */
  public enum FailureEffect {
    /**
     * The device is in the state before the transition. The transition may be repeated or another one
     * requested.
     */
    UNCHANGED("nothing changed"),
    /** The device is in an intermediate state. It may continue, go back, or be reset. */
    MID_PATH("it can go back or be reset"),
    /** The device can only be reset, which loses its state. */
    MUST_RESET("it must be reset, losing its state");

    private final String description;

    FailureEffect(String description) {
      this.description = description;
    }

    @Override
    public String toString() {
      return description;
    }

    private static FailureEffect of(DeviceState from, DeviceState reached) {
      if (reached == DeviceState.ERROR) {
        return MUST_RESET;
      }
      return reached == from ? UNCHANGED : MID_PATH;
    }
  }

  private final DeviceState from;
  private final DeviceState target;
  private final DeviceState reached;

  /**
   * Creates an exception.
   *
   * @param device the name of the device
   * @param from the state before the transition
   * @param target the state requested
   * @param errno the errno returned
   * @param reached the current state
   * @param cause the underlying exception, if any; its reason becomes that of this exception
   */
  public TransitionException(String device, DeviceState from, DeviceState target, Errno errno,
      DeviceState reached, @Nullable Throwable cause) {
    super(device, "move from " + from + " to " + target, errno,
        "%s: transition from %s to %s failed: %s; it is in %s, %s".formatted(device, from, target,
            reasonOf(cause) == null ? errno : errno + ": " + reasonOf(cause), reached,
            FailureEffect.of(from, reached)),
        reasonOf(cause), cause);
    this.from = from;
    this.target = target;
    this.reached = reached;
  }

  private static @Nullable String reasonOf(@Nullable Throwable cause) {
    return switch (cause) {
      case ErrnoException e -> e.reason();
      case DeviceException e -> e.reason().orElse(null);
      case null, default -> null;
    };
  }

  /** Returns the state before the transition. */
  public DeviceState from() {
    return from;
  }

  /** Returns the state requested. */
  public DeviceState target() {
    return target;
  }

  /** Returns the state reached. */
  public DeviceState reached() {
    return reached;
  }

  /** Returns the effect on the device. */
  public FailureEffect effect() {
    return FailureEffect.of(from, reached);
  }
}
