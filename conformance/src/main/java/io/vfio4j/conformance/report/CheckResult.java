// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.report;

import java.time.Duration;

/**
 * A check and its verdict.
 *
 * @param check the check
 * @param verdict its verdict
 * @param duration how long it took
 */
public record CheckResult(Check check, Verdict verdict, Duration duration) {
}
