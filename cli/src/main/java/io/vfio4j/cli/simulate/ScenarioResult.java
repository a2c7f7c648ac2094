// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.simulate;

import io.vfio4j.engine.simulation.SimulatedMigration;

/**
 * A scenario and its result.
 *
 * @param scenario the scenario
 * @param firstRoundBytes bytes of the first round
 * @param fittingBytes bytes that a switchover could send within the maximum downtime, at the rate of the last round
 * @param result the result of the simulation
 */
record ScenarioResult(Scenario scenario, long firstRoundBytes, long fittingBytes, SimulatedMigration result) {
}
