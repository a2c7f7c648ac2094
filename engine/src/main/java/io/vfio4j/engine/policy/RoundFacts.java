// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.policy;

import java.time.Duration;

/**
 * What is known at the end of a round of pre-copy, whole or cut short. Dirtied bytes count once in a round, however
 * often they were written: they are what the next round, or the switchover, has to send again.
 *
 * @param round which round ended, from 1
 * @param elapsed time since all memory was sent once, or pre-copy began without any, not negative
 * @param deviceBytesLeft bytes that all devices together have to send still: what the round has not sent yet,
 *     what was dirtied since it began, and what they send only once they are stopped
 * @param memoryBytesLeft bytes of memory that are dirty now, or were never sent
 * @param bytesPerSecond how fast bytes were sent, measured while there was something to send; 0 if nothing was sent yet
 * @param deviceBytesDirtiedPerSecond how fast the devices made more to send, in this round, not negative
 * @param memoryBytesDirtiedPerSecond how fast memory was dirtied, in this round, not negative
 * @param predictedDowntime how long a switchover would take now: sending what is left, the moves of the devices, and
 *     the messages between the sides
 * @param maxDowntime how long it may take, more than 0
 * @param initialDone whether all initial data of all devices, and all memory once, has been sent
 * @param acknowledged whether the target has loaded that, and all else that was sent, and said so; true as well where the
 *     sides did not agree on it
 * @param quiesceFailures how often the devices took too long to enter their grace states; that costs no downtime
 * @param sinceQuiesceFailure time since the last of these, not negative; zero if there was none
 */
public record RoundFacts(int round, Duration elapsed, long deviceBytesLeft, long memoryBytesLeft,
    double bytesPerSecond, double deviceBytesDirtiedPerSecond, double memoryBytesDirtiedPerSecond,
    Duration predictedDowntime, Duration maxDowntime, boolean initialDone, boolean acknowledged,
    int quiesceFailures,
    Duration sinceQuiesceFailure) {

  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException if one is not kept
   */
  public RoundFacts {
    require(round >= 1, "round", round);
    require(!elapsed.isNegative(), "elapsed", elapsed);
    require(deviceBytesLeft >= 0, "deviceBytesLeft", deviceBytesLeft);
    require(memoryBytesLeft >= 0, "memoryBytesLeft", memoryBytesLeft);
    require(isRate(bytesPerSecond), "bytesPerSecond", bytesPerSecond);
    require(isRate(deviceBytesDirtiedPerSecond), "deviceBytesDirtiedPerSecond", deviceBytesDirtiedPerSecond);
    require(isRate(memoryBytesDirtiedPerSecond), "memoryBytesDirtiedPerSecond", memoryBytesDirtiedPerSecond);
    require(!predictedDowntime.isNegative(), "predictedDowntime", predictedDowntime);
    require(maxDowntime.isPositive(), "maxDowntime", maxDowntime);
    require(quiesceFailures >= 0, "quiesceFailures", quiesceFailures);
    require(!sinceQuiesceFailure.isNegative(), "sinceQuiesceFailure", sinceQuiesceFailure);
  }

  /** Tells whether leaving pre-copy now is recommended at all. */
  public boolean isReady() {
    return initialDone && acknowledged;
  }

  /** Tells whether a switchover may begin now, and would take no longer than it may. */
  public boolean fits() {
    return isReady() && predictedDowntime.compareTo(maxDowntime) <= 0;
  }

  private static boolean isRate(double value) {
    return value >= 0 && value < Double.POSITIVE_INFINITY;
  }

  private static void require(boolean kept, String name, Object value) {
    if (!kept) {
      throw new IllegalArgumentException("%s cannot be %s".formatted(name, value));
    }
  }
}
