// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.v1;

import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.TransitionException.FailureEffect;

/**
 * The refusal or failure of a write of {@link DeviceStateV1}. The device is in the state before, or in ERROR.
 */
public final class StateWriteException extends ErrnoException {

  private static final long serialVersionUID = 1;

  private final int before;
  private final int written;
  private final int reached;

  StateWriteException(Errno errno, DeviceStateV1 before, DeviceStateV1 written, DeviceStateV1 reached,
      String reason) {
    super(errno, "write of %s in %s: %s; it is in %s, %s"
        .formatted(written, before, reason, reached, effectOf(reached)));
    this.before = before.value();
    this.written = written.value();
    this.reached = reached.value();
  }

  private static FailureEffect effectOf(DeviceStateV1 reached) {
    return reached.isError() ? FailureEffect.MUST_RESET : FailureEffect.UNCHANGED;
  }

  /** Returns the field before the write. */
  public DeviceStateV1 before() {
    return new DeviceStateV1(before);
  }

  /** Returns the value written. */
  public DeviceStateV1 written() {
    return new DeviceStateV1(written);
  }

  /** Returns the field as it is now. */
  public DeviceStateV1 reached() {
    return new DeviceStateV1(reached);
  }

  /** Returns the effect: the device is unchanged, or must be reset. */
  public FailureEffect effect() {
    return effectOf(reached());
  }
}
