// SPDX-License-Identifier: Apache-2.0
/** Plans: the routes between device states, and the recovery after a failed transition. */
@NullMarked
package io.vfio4j.model.plan;

import org.jspecify.annotations.NullMarked;
