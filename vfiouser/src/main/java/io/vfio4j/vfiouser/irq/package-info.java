// SPDX-License-Identifier: Apache-2.0
/** The interrupts of a served device as its client has set them up, and the eventfds that the device's thread monitors. Internal. */
@NullMarked
package io.vfio4j.vfiouser.irq;

import org.jspecify.annotations.NullMarked;
