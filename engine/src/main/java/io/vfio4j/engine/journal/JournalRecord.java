// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.journal;

import io.vfio4j.engine.JournalStep;
import java.time.Instant;

/**
 * A record of a journal.
 *
 * @param step what was put down
 * @param at when, by the clock of the machine
 * @param reason why, for people
 */
public record JournalRecord(JournalStep step, Instant at, String reason) {
}
