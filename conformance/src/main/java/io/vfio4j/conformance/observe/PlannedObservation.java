// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.observe;

import io.vfio4j.conformance.report.Check;

/** A check and its body. */
record PlannedObservation(Check check, ObservationBody body) {
}
