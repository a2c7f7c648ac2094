// SPDX-License-Identifier: Apache-2.0
/** The results of the suite, and their output formats. */
@NullMarked
package io.vfio4j.conformance.report;

import org.jspecify.annotations.NullMarked;
