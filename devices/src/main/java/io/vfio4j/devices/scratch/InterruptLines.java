// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.scratch;

import io.vfio4j.vfiouser.DeviceDescription;
import io.vfio4j.vfiouser.Interrupts;
import java.nio.ByteBuffer;

/** The register INT_STATUS, and what it does: messages with MSI-X, a level without. */
final class InterruptLines {

  private static final int ALL_VECTORS = (1 << ScratchLayout.VECTORS) - 1;

  private final Interrupts interrupts;
  private final PciConfigSpace pci;
  private int status;
  private boolean running = true;
  private boolean level;

  InterruptLines(Interrupts interrupts, PciConfigSpace pci) {
    this.interrupts = interrupts;
    this.pci = pci;
  }

  void raise(int vector) {
    status |= 1 << vector;
    if (hasMsix()) {
      interrupts.trigger(DeviceDescription.MSIX, vector);
    }
    update();
  }

  int status() {
    return status;
  }

  void clear(int bits) {
    status &= ~bits;
    update();
  }

  /** Tells whether an INTx interrupt is pending, whether or not the device may show it. */
  boolean isIntxPending() {
    return status != 0 && !hasMsix();
  }

  /** A device that does not run keeps its line low, and shows the level again once it runs. */
  void setRunning(boolean on) {
    running = on;
    update();
  }

  /** Sets the line to what it should be now: MSI-X and the command register change without our being told. */
  void update() {
    boolean wanted = running && isIntxPending() && !pci.isIntxDisabled();
    if (wanted != level) {
      level = wanted;
      interrupts.intxLevel(wanted);
    }
  }

  private boolean hasMsix() {
    return interrupts.isEnabled(DeviceDescription.MSIX);
  }

  void reset() {
    clear(ALL_VECTORS);
  }

  void save(ByteBuffer image) {
    image.putInt(status);
  }

  void load(ByteBuffer image) {
    status = image.getInt() & ALL_VECTORS;
  }
}
