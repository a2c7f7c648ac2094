// SPDX-License-Identifier: Apache-2.0
/** Checks inside a guest with VFIO devices: a program that prints the result of each check as a line of JSON. */
@NullMarked
package io.vfio4j.interop.checks;

import org.jspecify.annotations.NullMarked;
