// SPDX-License-Identifier: Apache-2.0
/** Benchmarks, run side by side with the same operations in plain C. */
@NullMarked
package io.vfio4j.bench;

import org.jspecify.annotations.NullMarked;
