// SPDX-License-Identifier: Apache-2.0
/** Commands. */
@NullMarked
package io.vfio4j.cli;

import org.jspecify.annotations.NullMarked;
