// SPDX-License-Identifier: Apache-2.0
/** An emulated device with the migration region of version 1 of the migration protocol. Internal. */
@NullMarked
package io.vfio4j.vfiouser.v1;

import org.jspecify.annotations.NullMarked;
