// SPDX-License-Identifier: Apache-2.0
/** Writes SVG drawings. */
@NullMarked
package io.vfio4j.cli.svg;

import org.jspecify.annotations.NullMarked;
