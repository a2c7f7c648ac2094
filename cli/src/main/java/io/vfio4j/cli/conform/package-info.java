// SPDX-License-Identifier: Apache-2.0
/** The {@code conform} command: runs the conformance suite, and reports its results. */
@NullMarked
package io.vfio4j.cli.conform;

import org.jspecify.annotations.NullMarked;
