// SPDX-License-Identifier: Apache-2.0
/**
 * The streams of the source, from the first round of pre-copy to the end of the switchover. A step between the last
 * round and the stop of the devices belongs in {@code io.vfio4j.engine.device.Quiescence}.
 */
@NullMarked
package io.vfio4j.engine.source;

import org.jspecify.annotations.NullMarked;
