// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.journal;

import io.vfio4j.engine.JournalStep;
import java.time.Instant;

/**
 * A record of a journal.
 *
 * @param at the time of the record, by the system clock
 * @param reason why, for the operator
 */
public record JournalRecord(JournalStep step, Instant at, String reason) {
}
