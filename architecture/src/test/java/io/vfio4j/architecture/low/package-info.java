// SPDX-License-Identifier: Apache-2.0
/** A package that violates the layering rules, for the test of those rules. */
@NullMarked
package io.vfio4j.architecture.low;

import org.jspecify.annotations.NullMarked;
