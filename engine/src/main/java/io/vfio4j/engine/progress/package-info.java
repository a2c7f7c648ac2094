// SPDX-License-Identifier: Apache-2.0
/** Phases, bytes, rates, the downtime and its prediction. */
@NullMarked
package io.vfio4j.engine.progress;

import org.jspecify.annotations.NullMarked;
