// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import io.vfio4j.vfiouser.device.DeviceDescription;
import io.vfio4j.vfiouser.device.Interrupts;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** The interrupts that a device has, and the way to who hears of them. */
final class DeviceInterrupts {

  private final RunState runState;
  private Optional<Intx> intx = Optional.empty();
  private Optional<MessageInterrupts> msi = Optional.empty();
  private Optional<MessageInterrupts> msix = Optional.empty();
  private @Nullable Interrupts interrupts;
  private BooleanSupplier intxDisabled = () -> false;
  private boolean intxAsserted;

  DeviceInterrupts(RunState run) {
    this.runState = run;
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

  void driveIntxFrom(Register status) {
    intx.ifPresent(line -> line.driveFrom(status));
  }

  void attach(Interrupts way, BooleanSupplier isIntxDisabled) {
    interrupts = way;
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

  /** Sends a message if there are messages; an interrupt beyond the vectors has the last. */
  void signal(int interrupt) {
    MessageInterrupts messages = enabledMessages();
    if (messages != null) {
      messages.signal(Math.min(interrupt, messages.vectors() - 1));
    }
  }

  /** Returns the messages that somebody listens to, if somebody does. */
  private @Nullable MessageInterrupts enabledMessages() {
    if (msix.isPresent() && msix.get().isEnabled()) {
      return msix.get();
    }
    return msi.isPresent() && msi.get().isEnabled() ? msi.get() : null;
  }

  /** Tells whether an INTx interrupt is pending, whether or not the device may show it. */
  boolean isIntxPending() {
    return intx.isPresent() && intx.get().isHigh() && enabledMessages() == null;
  }

  /** Sets the line to what it should be now: SET_IRQS and the command register change it without a word. */
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

  /** The device runs, or does so no longer. */
  void onStateChanged() {
    if (runState.isRunning()) {
      msi.ifPresent(MessageInterrupts::sendPending);
      msix.ifPresent(MessageInterrupts::sendPending);
    }
    updateIntx();
  }
}
