// SPDX-License-Identifier: Apache-2.0
/** Regions of memory that migrate along with the devices. */
@NullMarked
package io.vfio4j.engine.memory;

import org.jspecify.annotations.NullMarked;
