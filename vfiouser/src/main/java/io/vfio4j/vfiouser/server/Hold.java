// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.vfiouser.device.EmulatedDevice;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.DeferredMessage;
import io.vfio4j.vfiouser.wire.Dispatch;
import io.vfio4j.vfiouser.wire.LittleEndian;
import io.vfio4j.vfiouser.wire.Structs.RegionAccess;
import io.vfio4j.vfiouser.wire.Structs.RegionInfo;
import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * Which messages of the VMM wait while a control client moves the device. Without a control socket it is never
 * active. Used on the device's thread.
 *
 * <table> <caption>States</caption>
 * <tr><th>state</th><th>entered by</th><th>left by</th></tr>
 * <tr><td>inactive</td><td></td><td></td></tr>
 * <tr><td>driven</td><td>a move of the control client out of RUNNING</td><td>RUNNING</td></tr>
 * <tr><td>staged</td><td>the import of a connection</td><td>any running state, or the loss of the control
 * client</td></tr>
 * <tr><td>surrendered</td><td>CONNECTION_SURRENDER</td><td>RUNNING, or CONNECTION_RELEASE</td></tr>
 * </table>
 */
final class Hold {

  /** What waits. */
  enum Scope {
    NOTHING,
    /** Accesses to BARs, doorbells, and what changes the device as a whole. */
    REGISTERS, EVERYTHING
  }

  private static final long NANOS_PER_MILLI = 1_000_000;

  private final EmulatedDevice device;
  private final long maxNanos;
  private final LongSupplier clock;
  private boolean isDriven;
  /** Written by the device's thread; {@link #isShared} reads it from any. */
  private volatile boolean isStaged;
  /** Likewise. */
  private volatile boolean isSurrendered;
  private boolean messageWaits;
  /** Whether messages have waited since {@link #waitingSince}. */
  private boolean isTimed;
  /** Whether messages have waited too long, and the control client does not know yet. */
  private boolean hasExpired;
  private long waitingSince;

  /**
   * @param max how long messages may wait
   */
  Hold(EmulatedDevice device, Duration max, LongSupplier clock) {
    this.device = device;
    this.maxNanos = max.toNanos();
    this.clock = clock;
  }

  long maxNanos() {
    return maxNanos;
  }

  /** Returns whether a control client moves the device, or has moved it. */
  boolean isActive() {
    return isDriven || isStaged || isSurrendered;
  }

  boolean isDriven() {
    return isDriven;
  }

  boolean isStaged() {
    return isStaged;
  }

  boolean isSurrendered() {
    return isSurrendered;
  }

  /** Returns whether another server may be using the VMM's socket, which must not be shut down. From any thread. */
  boolean isShared() {
    return isStaged || isSurrendered;
  }

  /** Returns what waits now. */
  Scope scope() {
    if (!isActive() || device.state().isRunning()) {
      return Scope.NOTHING;
    }
    return isStaged || isSurrendered || device.state() == DeviceState.STOP_COPY
        ? Scope.EVERYTHING
        : Scope.REGISTERS;
  }

  /** Returns whether a message is executed even if registers wait. */
  static boolean isServedWithoutRegisters(DeferredMessage message) {
    Command command = Command.fromWire(message.command());
    if (command == null || command.dispatch() == Dispatch.ALWAYS) {
      return true;
    }
    return switch (command) {
      case REGION_READ, REGION_WRITE -> message.body().byteSize() < RegionAccess.SIZE
          || message.body().get(LittleEndian.U32,
              RegionAccess.REGION) == RegionInfo.CONFIG_INDEX;
      default -> false;
    };
  }

  /** Sets whether a message of the VMM waits for a hold of {@link Scope#REGISTERS} to end. */
  void setMessageWaits(boolean waits) {
    messageWaits = waits;
  }

  /** Returns whether messages of a connected VMM wait, or may wait unread. */
  boolean isWaiting() {
    return switch (scope()) {
      case NOTHING -> false;
      case REGISTERS -> messageWaits;
      case EVERYTHING -> true;
    };
  }

  /** Called when the device is about to return to RUNNING by itself, because messages have waited too long. */
  void expire() {
    hasExpired = true;
  }

  /** Called when the control client moves the device to RUNNING, resets it, or has disconnected. */
  void forgetExpiry() {
    hasExpired = false;
  }

  /**
   * Checks that the device has not returned to RUNNING by itself.
   *
   * @throws ErrnoException ESTALE if it has
   */
  void checkNotExpired() throws ErrnoException {
    if (hasExpired) {
      throw new ErrnoException(Errno.ESTALE, describeExpiry());
    }
  }

  /** Returns what has happened, for the control client and the log. */
  String describeExpiry() {
    return "messages of the VMM have waited for %d ms (--max-hold), and the device has returned to RUNNING"
        .formatted(maxNanos / NANOS_PER_MILLI);
  }

  /** Called when the control client has moved or reset the device, or it has moved by itself. */
  void onMoved() {
    DeviceState state = device.state();
    if (state.isRunning()) {
      isStaged = false;
    }
    isDriven = state != DeviceState.RUNNING;
    if (!isDriven) {
      isSurrendered = false;
    }
  }

  void stage() {
    isStaged = true;
  }

  void unstage() {
    isStaged = false;
  }

  void surrender() {
    isSurrendered = true;
  }

  /** Called when the connection was released. */
  void clear() {
    isDriven = false;
    isStaged = false;
    isSurrendered = false;
    isTimed = false;
  }

  /** Starts and stops the clock of a hold. Returns whether messages have waited too long. */
  boolean isExpired() {
    if (!isWaiting() || isSurrendered || isStaged) {
      isTimed = false;
      return false;
    }
    long now = clock.getAsLong();
    if (!isTimed) {
      isTimed = true;
      waitingSince = now;
    }
    return now - waitingSince >= maxNanos;
  }
}
