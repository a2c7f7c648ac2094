// SPDX-License-Identifier: Apache-2.0
/** Emulated devices. */
@NullMarked
package io.vfio4j.devices;

import org.jspecify.annotations.NullMarked;
