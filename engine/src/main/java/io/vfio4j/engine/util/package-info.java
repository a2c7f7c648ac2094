// SPDX-License-Identifier: Apache-2.0
/**
 * Helpers without knowledge of migrations: cancellation, futures, interrupts, the clock, units.
 */
@NullMarked
package io.vfio4j.engine.util;

import org.jspecify.annotations.NullMarked;
