// SPDX-License-Identifier: Apache-2.0
/** Measurements, side by side with the same in plain C. */
@NullMarked
package io.vfio4j.bench;

import org.jspecify.annotations.NullMarked;
