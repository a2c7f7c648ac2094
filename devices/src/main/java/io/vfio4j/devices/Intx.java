// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import io.vfio4j.devices.state.StateItem;
import java.nio.ByteBuffer;
import java.util.function.BooleanSupplier;

/**
 * The legacy interrupt on pin A, which is level-triggered (PCI Local Bus 3.0, 2.2.6). The level is delivered while the
 * device runs, the INTx-disable bit of the command register ({@code PCI_COMMAND_INTX_DISABLE}) is clear, and neither MSI
 * nor MSI-X is enabled. Bit 3 of the status register ({@code PCI_STATUS_INTERRUPT}) ignores the disable bit.
 */
@SuppressWarnings("exports") // StateItem is how the device core saves it, of no use to others.
public final class Intx implements StateItem {

  private final DeviceInterrupts interrupts;
  private boolean high;
  private BooleanSupplier status = () -> false;

  Intx(DeviceInterrupts interrupts) {
    this.interrupts = interrupts;
  }

  /** Sets the level. */
  public void set(boolean level) {
    high = level;
    interrupts.updateIntx();
  }

  /** Returns whether the level is high, whether or not it is delivered. */
  public boolean isHigh() {
    return high || status.getAsBoolean();
  }

  /** Makes the level high also while a status register is not 0. */
  void driveFrom(BooleanSupplier nonZero) {
    status = nonZero;
  }

  @Override
  public String name() {
    return "INTx";
  }

  @Override
  public int bytes() {
    return Byte.BYTES;
  }

  @Override
  public void save(ByteBuffer to) {
    to.put((byte) (high ? 1 : 0));
  }

  @Override
  public void load(ByteBuffer from) {
    high = from.get() != 0;
  }

  @Override
  public void reset() {
    high = false;
  }
}
