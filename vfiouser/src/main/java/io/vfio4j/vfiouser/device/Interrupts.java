// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.device;

/** How a device raises interrupts. Those that nobody listens to are dropped. */
public interface Interrupts {

  /** Tells whether somebody listens to an index, as SET_IRQS decides. */
  boolean isEnabled(int index);

  /**
   * Raises an interrupt that is an event: MSI, MSI-X, error, request.
   *
   * @param index the interrupt's index
   * @param vector which of the index
   */
  void trigger(int index, int vector);

  /**
   * Sets the level of INTx. It fires when the level is high and it is not masked; it is masked then until the
   * client unmasks it, and fires again if the level is still high.
   */
  void intxLevel(boolean high);
}
