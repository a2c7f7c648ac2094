// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.device;

/** Raises a device's interrupts. Interrupts that are not enabled are dropped. */
public interface Interrupts {

  /** Returns whether the client has enabled an index, by DEVICE_SET_IRQS. */
  boolean isEnabled(int index);

  /**
   * Raises an interrupt that is an event: MSI, MSI-X, error, request.
   *
   * @param index the interrupt's index
   * @param vector the vector within the index
   */
  void trigger(int index, int vector);

  /**
   * Sets the level of INTx. If the level is high and INTx is not masked, it fires and becomes masked; when
   * the client unmasks it and the level is still high, it fires again.
   */
  void intxLevel(boolean high);
}
