/** The checks, one class for each group or part of a group, and the plan that orders them. */
@NullMarked
package io.vfio4j.conformance.checks;

import org.jspecify.annotations.NullMarked;
