// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import io.vfio4j.model.DeviceState;
import java.util.Optional;

/**
 * What became of a device of the source in a migration that failed.
 *
 * @param device its name
 * @param outcome what became of it
 * @param state where it is; empty where nobody can tell
 */
public record DeviceOutcome(String device, Outcome outcome, Optional<DeviceState> state) {
}
