// SPDX-License-Identifier: Apache-2.0
/**
 * The replies to DEVICE_GET_REGION_INFO and DEVICE_GET_IRQ_INFO, and the actions of SET_IRQS
 * (uapi/linux/vfio.h).
 */
@NullMarked
package io.vfio4j.model.info;

import org.jspecify.annotations.NullMarked;
