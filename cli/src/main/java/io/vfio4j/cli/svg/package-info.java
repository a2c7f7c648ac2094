// SPDX-License-Identifier: Apache-2.0
/** Drawing pictures as SVG, without any tool. */
@NullMarked
package io.vfio4j.cli.svg;

import org.jspecify.annotations.NullMarked;
