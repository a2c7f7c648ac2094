// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.info;

/** What SET_IRQS does with interrupts, {@code VFIO_IRQ_SET_ACTION_*} (uapi/linux/vfio.h). */
public enum IrqAction {
  /** Holds an interrupt back; INTx only. */
  MASK(1 << 3),
  /** Lets it through again; INTx only. */
  UNMASK(1 << 4),
  /** Raises it. */
  TRIGGER(1 << 5);

  private final int flag;

  IrqAction(int flag) {
    this.flag = flag;
  }

  /** Returns the bit in the {@code flags} field of {@code struct vfio_irq_set}. */
  public int flag() {
    return flag;
  }
}
