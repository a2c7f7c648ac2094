// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.policy;

import java.time.Duration;
import java.util.Optional;

/** What a {@link SwitchoverPolicy} wants to be done after a round of pre-copy. */
public sealed interface Decision {

  /** Returns why, for people: what follows a colon, without a full stop. */
  String reason();

  /**
   * Everything goes on running, and there is another round.
   *
   * @param reason why, for people
   */
  record Continue(String reason) implements Decision {
  }

  /**
   * The devices are to enter their grace states, and then everything is to stop and the rest to be sent.
   *
   * @param maxDowntime how long that may take before it is undone, more than 0; empty for as long as it takes
   * @param reason why, for people
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
          throw new IllegalArgumentException("maxDowntime is more than 0, but this is " + limit);
        }
      });
    }
  }

  /**
   * The migration is to end here, with the source running.
   *
   * @param reason why, for people, and what they can do about it
   */
  record Abort(String reason) implements Decision {
  }
}
