// SPDX-License-Identifier: Apache-2.0
/**
 * The checks of a device in use: none of them resets the device, loads a state, or accesses its registers.
 */
@NullMarked
package io.vfio4j.conformance.observe;

import org.jspecify.annotations.NullMarked;
