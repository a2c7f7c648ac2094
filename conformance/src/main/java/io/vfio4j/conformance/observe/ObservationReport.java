// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.observe;

import io.vfio4j.conformance.report.ConformanceReport;
import io.vfio4j.conformance.setup.DeviceUse;
import java.time.Duration;
import java.util.Optional;

/**
 * The results of an observation.
 *
 * @param checks the checks and their verdicts
 * @param use the use of the device at the end
 * @param longestCall how long the longest request took: no message of the VMM waited longer while the device ran
 * @param longestPause how long the device was stopped at most; empty if it was not
 */
public record ObservationReport(ConformanceReport checks, DeviceUse use, Duration longestCall,
    Optional<Duration> longestPause) {
}
