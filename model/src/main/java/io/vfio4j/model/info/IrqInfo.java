// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.info;

/**
 * The properties of an interrupt index, {@code struct vfio_irq_info} (uapi/linux/vfio.h).
 *
 * @param index the index
 * @param flags {@code VFIO_IRQ_INFO_*}
 * @param count the number of interrupts
 */
public record IrqInfo(int index, int flags, int count) {
}
