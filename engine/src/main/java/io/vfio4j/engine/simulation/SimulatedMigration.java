// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.simulation;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * The result of a simulated migration.
 *
 * @param verdict the result
 * @param rounds the rounds, at least one
 * @param total from the start of pre-copy to the end
 * @param bytes all bytes sent, including the switchover
 * @param remaining bytes pending at the end, or when everything was stopped
 * @param predictedDowntime the predicted downtime at the decision
 * @param downtime the downtime; empty if nothing was stopped, the limit if the switchover was rolled back
 * @param reason the policy's last reason
 */
public record SimulatedMigration(Verdict verdict, List<SimulatedRound> rounds, Duration total, long bytes,
    long remaining, Duration predictedDowntime, Optional<Duration> downtime, String reason) {

  /** Copies the list. */
  public SimulatedMigration {
    rounds = List.copyOf(rounds);
  }

  /** The result of a simulated migration. */
  public enum Verdict {
    /** Everything runs at the target. */
    MOVED,
    /** The switchover exceeded the maximum downtime and was rolled back: the source runs. */
    ROLLED_BACK,
    /** The policy aborted: the source runs. */
    ABORTED,
    /** The simulation ended before the policy decided: the source runs. */
    STILL_WAITING
  }
}
