// SPDX-License-Identifier: Apache-2.0
/** The {@code inspect} command: shows files written by vfio4j. */
@NullMarked
package io.vfio4j.cli.inspect;

import org.jspecify.annotations.NullMarked;
