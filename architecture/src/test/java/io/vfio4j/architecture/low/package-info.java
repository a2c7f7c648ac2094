// SPDX-License-Identifier: Apache-2.0
/** Breaks the rules, for a test of them. */
@NullMarked
package io.vfio4j.architecture.low;

import org.jspecify.annotations.NullMarked;
