// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import io.vfio4j.vfiouser.device.DeviceDescription;
import io.vfio4j.vfiouser.device.Interrupts;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** The interrupts of a device, and their delivery to the client. INTx is delivered while no message is enabled. */
final class DeviceInterrupts {

  private final RunState runState;
  private Optional<Intx> intx = Optional.empty();
  private Optional<MessageInterrupts> msi = Optional.empty();
  private Optional<MessageInterrupts> msix = Optional.empty();
  private @Nullable Interrupts interrupts;
  private BooleanSupplier intxDisabled = () -> false;
  private boolean intxAsserted;

  DeviceInterrupts(RunState runState) {
    this.runState = runState;
  }

  Intx intx() {
    if (intx.isEmpty()) {
      intx = Optional.of(new Intx(this));
    }
    return intx.get();
  }

  boolean hasIntx() {
    return intx.isPresent();
  }

  MessageInterrupts msi(int vectors) {
    MessageInterrupts made = new MessageInterrupts(this, "MSI", DeviceDescription.MSI, vectors);
    msi = Optional.of(made);
    return made;
  }

  MessageInterrupts msix(int vectors) {
    MessageInterrupts made = new MessageInterrupts(this, "MSI-X", DeviceDescription.MSIX, vectors);
    msix = Optional.of(made);
    return made;
  }

  int vectorCount(int index) {
    return switch (index) {
      case DeviceDescription.INTX -> hasIntx() ? 1 : 0;
      case DeviceDescription.MSI -> msi.map(MessageInterrupts::vectors).orElse(0);
      case DeviceDescription.MSIX -> msix.map(MessageInterrupts::vectors).orElse(0);
      default -> 0;
    };
  }

  /** Makes INTx high also while a status register is not 0. */
  void driveIntxFrom(BooleanSupplier status) {
    intx.ifPresent(line -> line.driveFrom(status));
  }

  void attach(Interrupts delivery, BooleanSupplier isIntxDisabled) {
    interrupts = delivery;
    intxDisabled = isIntxDisabled;
  }

  boolean isRunning() {
    return runState.isRunning();
  }

  boolean isEnabled(int index) {
    return interrupts != null && interrupts.isEnabled(index);
  }

  void trigger(int index, int vector) {
    if (interrupts != null) {
      interrupts.trigger(index, vector);
    }
  }

  /** Sends a message if messages are enabled. Interrupts beyond the last vector share it. */
  void signal(int interrupt) {
    MessageInterrupts messages = enabledMessages();
    if (messages != null) {
      messages.signal(Math.min(interrupt, messages.vectors() - 1));
    }
  }

  /** Returns the messages that are enabled, or null. */
  private @Nullable MessageInterrupts enabledMessages() {
    if (msix.isPresent() && msix.get().isEnabled()) {
      return msix.get();
    }
    return msi.isPresent() && msi.get().isEnabled() ? msi.get() : null;
  }

  /** Returns whether an INTx interrupt is pending, even if it is disabled. */
  boolean isIntxPending() {
    return intx.isPresent() && intx.get().isHigh() && enabledMessages() == null;
  }

  /** Updates the level of INTx. SET_IRQS and the command register change it without notification, so this is polled. */
  void updateIntx() {
    if (intx.isEmpty() || interrupts == null) {
      return;
    }
    boolean wanted = runState.isRunning() && isIntxPending() && !intxDisabled.getAsBoolean();
    if (wanted != intxAsserted) {
      intxAsserted = wanted;
      interrupts.intxLevel(wanted);
    }
  }

  /** Delivers held interrupts if the device runs now, and updates INTx. */
  void onStateChanged() {
    if (runState.isRunning()) {
      msi.ifPresent(MessageInterrupts::sendPending);
      msix.ifPresent(MessageInterrupts::sendPending);
    }
    updateIntx();
  }
}
