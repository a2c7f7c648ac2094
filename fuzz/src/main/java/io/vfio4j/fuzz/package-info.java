// SPDX-License-Identifier: Apache-2.0
/** Fuzzes a served device: sends it arbitrary client behaviour, and checks invariants of the server. */
@NullMarked
package io.vfio4j.fuzz;

import org.jspecify.annotations.NullMarked;
