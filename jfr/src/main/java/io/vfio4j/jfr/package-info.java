// SPDX-License-Identifier: Apache-2.0
/**
 * The events of a migration as JDK Flight Recorder events: use a {@link io.vfio4j.jfr.JfrListener} with, or instead
 * of, another listener. {@code docs/watching.md} lists the events.
 */
@NullMarked
package io.vfio4j.jfr;

import org.jspecify.annotations.NullMarked;
