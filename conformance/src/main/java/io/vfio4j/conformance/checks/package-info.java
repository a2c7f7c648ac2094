// SPDX-License-Identifier: Apache-2.0
/** The checks, one class per group or part of a group, and the plan that orders them. */
@NullMarked
package io.vfio4j.conformance.checks;

import org.jspecify.annotations.NullMarked;
