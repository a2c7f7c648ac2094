// SPDX-License-Identifier: Apache-2.0
/**
 * Who owns the devices: commit, rollback and reset after a failure, the outcome of each device and its text. A rollback
 * uses the same barrier as a start: all devices are in RUNNING_P2P before any is in RUNNING.
 */
@NullMarked
package io.vfio4j.engine.ownership;

import org.jspecify.annotations.NullMarked;
