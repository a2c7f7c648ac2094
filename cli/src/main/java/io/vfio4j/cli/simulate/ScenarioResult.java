// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.simulate;

import io.vfio4j.engine.simulation.SimulatedMigration;

/**
 * A scenario and how it went.
 *
 * @param scenario what was to be done
 * @param firstRoundBytes bytes of the first round
 * @param fittingBytes bytes that a switchover could send within the limit, at the rate of the last round
 * @param result how it went
 */
record ScenarioResult(Scenario scenario, long firstRoundBytes, long fittingBytes, SimulatedMigration result) {
}
