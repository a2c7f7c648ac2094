// SPDX-License-Identifier: Apache-2.0
/** What is tried inside of a guest with VFIO devices: a program that tells of each check in a line of JSON. */
@NullMarked
package io.vfio4j.interop.checks;

import org.jspecify.annotations.NullMarked;
