// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.info;

/** The action of SET_IRQS, {@code VFIO_IRQ_SET_ACTION_*} (uapi/linux/vfio.h). */
public enum IrqAction {
  /** Masks an interrupt; INTx only. */
  MASK(1 << 3),
  /** Unmasks an interrupt; INTx only. */
  UNMASK(1 << 4),
  /** Triggers an interrupt. */
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
