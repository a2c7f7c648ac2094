// SPDX-License-Identifier: Apache-2.0
/**
 * Helpers that do not depend on migrations: cancellation, futures, interrupts, the clock, units.
 */
@NullMarked
package io.vfio4j.engine.util;

import org.jspecify.annotations.NullMarked;
