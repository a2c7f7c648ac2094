// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

/** What SET_IRQS does with interrupts, {@code VFIO_IRQ_SET_ACTION_*} (uapi/linux/vfio.h). */
public enum IrqAction {
  /** Holds an interrupt back; INTx only. */
  MASK(Structs.IrqSet.ACTION_MASK),
  /** Lets it through again; INTx only. */
  UNMASK(Structs.IrqSet.ACTION_UNMASK),
  /** Raises it. */
  TRIGGER(Structs.IrqSet.ACTION_TRIGGER);

  private final int flag;

  IrqAction(int flag) {
    this.flag = flag;
  }

  int flag() {
    return flag;
  }
}
