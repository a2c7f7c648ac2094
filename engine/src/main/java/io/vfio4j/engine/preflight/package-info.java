// SPDX-License-Identifier: Apache-2.0
/** Checks before a device is touched: the HELLO of each side, the comparison of both, and the extra connections. */
@NullMarked
package io.vfio4j.engine.preflight;

import org.jspecify.annotations.NullMarked;
