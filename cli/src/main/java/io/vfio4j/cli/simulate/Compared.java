// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.simulate;

import io.vfio4j.engine.simulation.SimulatedMigration;

/**
 * A scenario and how it went.
 *
 * @param scenario what was to be done
 * @param first bytes of the first round
 * @param fitting bytes that a switchover could send within the limit, at the rate of the last round
 * @param result how it went
 */
record Compared(Scenario scenario, long first, long fitting, SimulatedMigration result) {
}
