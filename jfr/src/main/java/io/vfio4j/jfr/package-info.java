// SPDX-License-Identifier: Apache-2.0
/**
 * What happens in a migration, as events of the JDK Flight Recorder: a {@link io.vfio4j.jfr.JfrListener} beside, or
 * instead of, a listener of one's own. {@code docs/watching.md} lists the events.
 */
@NullMarked
package io.vfio4j.jfr;

import org.jspecify.annotations.NullMarked;
