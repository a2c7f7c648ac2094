// SPDX-License-Identifier: Apache-2.0
/** The {@code probe} command: reports what a device is, and whether it can migrate. */
@NullMarked
package io.vfio4j.cli.probe;

import org.jspecify.annotations.NullMarked;
