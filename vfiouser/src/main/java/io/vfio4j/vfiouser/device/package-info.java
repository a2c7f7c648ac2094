// SPDX-License-Identifier: Apache-2.0
/** The interface between a server and an emulated device. */
@NullMarked
package io.vfio4j.vfiouser.device;

import org.jspecify.annotations.NullMarked;
