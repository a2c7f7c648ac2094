// SPDX-License-Identifier: Apache-2.0
/**
 * Runs a {@link io.vfio4j.engine.policy.SwitchoverPolicy} over made-up or recorded dirty rates, without a migration.
 *
 * <p>
 * {@link io.vfio4j.engine.simulation.Simulation} goes through the rounds that the engine would make, by arithmetic: no
 * thread, no clock, no chance. Where writes are random, it takes what is to be expected of them. Times within it are
 * seconds since pre-copy began, as numbers, since rates and exponentials are; what goes in and comes out are durations
 * and whole bytes.
 */
@NullMarked
package io.vfio4j.engine.simulation;

import org.jspecify.annotations.NullMarked;
