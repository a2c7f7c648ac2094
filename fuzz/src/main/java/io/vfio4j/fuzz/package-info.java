// SPDX-License-Identifier: Apache-2.0
/** Throws whole sessions at a served device, and checks what must hold whatever a client does. */
@NullMarked
package io.vfio4j.fuzz;

import org.jspecify.annotations.NullMarked;
