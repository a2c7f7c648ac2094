// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.report;

import java.time.Duration;

/**
 * A check and what it found.
 *
 * @param check the check
 * @param verdict what it found
 * @param duration how long it took
 */
public record CheckResult(Check check, Verdict verdict, Duration duration) {
}
