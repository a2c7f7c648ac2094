// SPDX-License-Identifier: Apache-2.0
/**
 * Runs a {@link io.vfio4j.engine.policy.SwitchoverPolicy} on synthetic or recorded dirty rates, without a migration.
 *
 * <p>
 * {@link io.vfio4j.engine.simulation.Simulation} computes the rounds that the engine would run, without threads, clocks
 * or randomness: for random writes it uses the expected values. Internally times are seconds since pre-copy began, as
 * numbers, because rates and exponentials are; the API uses durations and whole bytes.
 */
@NullMarked
package io.vfio4j.engine.simulation;

import org.jspecify.annotations.NullMarked;
