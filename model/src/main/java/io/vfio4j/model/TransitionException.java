// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import org.jspecify.annotations.Nullable;

/**
 * A device did not get to the state it was sent to.
 *
 * <p>
 * The kernel's interface answers an errno and leaves the state to be asked for; this exception has both.
 */
public final class TransitionException extends DeviceException {

  private static final long serialVersionUID = 1;

  /** What a failed move left behind, and so what can be done. */
  public enum FailureEffect {
    /** The device is where it was. It may be asked again, or go elsewhere. */
    UNCHANGED("nothing changed"),
    /** The device is on the way. It may go on, go back, or be reset. */
    MID_PATH("it can go back or be reset"),
    /** The device can only be reset, which loses its state. */
    MUST_RESET("only a reset helps, which loses its state");

    private final String description;

    FailureEffect(String words) {
      this.description = words;
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
   * Makes an exception.
   *
   * @param device the device's name
   * @param from where the device was
   * @param target where it should have gone
   * @param errno why it did not
   * @param reached where it is now
   * @param cause what lies beneath, if anything; its reason becomes this exception's
   */
  public TransitionException(String device, DeviceState from, DeviceState target, Errno errno,
      DeviceState reached, @Nullable Throwable cause) {
    super(device, "move from " + from + " to " + target, errno,
        "%s: the move from %s to %s failed: %s; it is in %s, %s".formatted(device, from, target,
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

  /** Returns where the device was. */
  public DeviceState from() {
    return from;
  }

  /** Returns where it should have gone. */
  public DeviceState target() {
    return target;
  }

  /** Returns where it is now. */
  public DeviceState reached() {
    return reached;
  }

  /** Returns what can be done. */
  public FailureEffect effect() {
    return FailureEffect.of(from, reached);
  }
}
