// SPDX-License-Identifier: Apache-2.0
/**
 * The demonstration: a device with live traffic moves from one process to another, and a proof that nothing was lost.
 */
@NullMarked
package io.vfio4j.cli.demo;

import org.jspecify.annotations.NullMarked;
