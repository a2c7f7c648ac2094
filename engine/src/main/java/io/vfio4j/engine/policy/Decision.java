// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.policy;

import java.time.Duration;
import java.util.Optional;

/** A {@link SwitchoverPolicy}'s decision after a round of pre-copy. */
public sealed interface Decision {

  /** Returns the reason, as text that follows a colon, without a full stop. */
  String reason();

  /**
   * Run another round, while everything runs.
   *
   * @param reason why
   */
  record Continue(String reason) implements Decision {
  }

  /**
   * Move the devices to their P2P states, then stop everything and send the rest.
   *
   * @param maxDowntime the maximum downtime, more than 0; a longer switchover is rolled back. Empty for no
   *     limit
   * @param reason why
   */
  record SwitchOver(Optional<Duration> maxDowntime, String reason) implements Decision {

    /**
     * Checks the limit.
     *
     * @throws IllegalArgumentException if it is not more than 0
     */
    public SwitchOver {
      maxDowntime.ifPresent(limit -> {
        if (!limit.isPositive()) {
          throw new IllegalArgumentException("maxDowntime must be more than 0, not " + limit);
        }
      });
    }
  }

  /**
   * End the migration, with the source running.
   *
   * @param reason why, and what to do about it
   */
  record Abort(String reason) implements Decision {
  }
}
