// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import io.vfio4j.model.DeviceState;
import java.util.Optional;

/**
 * What became of one device of the source in a failed migration.
 *
 * @param device its name
 * @param outcome the outcome
 * @param state its state; empty if unknown
 */
public record DeviceOutcome(String device, Outcome outcome, Optional<DeviceState> state) {
}
