// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.simulation;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * How a simulated migration went.
 *
 * @param verdict what became of it
 * @param rounds the rounds, at least one
 * @param total from the beginning of pre-copy to the end
 * @param bytes all bytes sent, those of the switchover included
 * @param remaining bytes that were to be sent when it ended, or when everything was stopped
 * @param predictedDowntime what was predicted when it was decided
 * @param downtime how long everything stood still; empty if it was not stopped. Of an undone switchover, its limit
 * @param reason what the policy said last, for people
 */
public record SimulatedMigration(Verdict verdict, List<SimulatedRound> rounds, Duration total, long bytes,
    long remaining,
    Duration predictedDowntime, Optional<Duration> downtime, String reason) {

  /** Copies the list. */
  public SimulatedMigration {
    rounds = List.copyOf(rounds);
  }

  /** What became of a simulated migration. */
  public enum Verdict {
    /** Everything runs at the target. */
    MOVED,
    /** The switchover took longer than it may, and was undone: the source runs. */
    ROLLED_BACK,
    /** The policy gave up: the source runs. */
    ABORTED,
    /** The policy had not decided yet when nobody looked any longer: the source runs. */
    STILL_WAITING
  }
}
