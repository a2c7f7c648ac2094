// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

/**
 * An interrupt status register: raising interrupt v sets bit v, and writing a 1 clears it. With MSI-X or MSI enabled,
 * raising an interrupt sends a message with vector v, or the last vector if there are fewer. Otherwise INTx is high while
 * the register is not 0.
 */
public final class InterruptStatus {

  private final DeviceInterrupts interrupts;
  private final Register register;
  private final int vectors;

  InterruptStatus(DeviceInterrupts interrupts, Register register, int count) {
    if (count < 1 || count > register.width() * Byte.SIZE) {
      throw new IllegalArgumentException("%d interrupts do not fit in %s".formatted(count, register.name()));
    }
    this.interrupts = interrupts;
    this.register = register;
    this.vectors = count;
    long bits = count == Long.SIZE ? -1 : (1L << count) - 1;
    register.writable(0).writeOneToClear(bits).onWrite(written -> interrupts.updateIntx());
    interrupts.driveIntxFrom(() -> register.value() != 0);
  }

  /**
   * Raises an interrupt.
   *
   * @param interrupt the number, from 0
   * @throws IndexOutOfBoundsException if there is no such interrupt
   */
  public void raise(int interrupt) {
    if (interrupt < 0 || interrupt >= vectors) {
      throw new IndexOutOfBoundsException("interrupt %d of %d".formatted(interrupt, vectors));
    }
    register.setBits(1L << interrupt);
    interrupts.signal(interrupt);
    interrupts.updateIntx();
  }
}
