// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.policy;

import java.time.Duration;

/**
 * What is known at the end of a round of pre-copy, even if it was cut short. Bytes that are dirtied
 * repeatedly in a round count once: they are what the next round, or the switchover, must send again.
 *
 * @param round the round that ended, from 1
 * @param elapsed time since all memory was sent once, or since pre-copy began if there is no memory; not
 *     negative
 * @param deviceBytesLeft bytes that all devices together must still send: unsent bytes of the round, bytes
 *     dirtied since it began, and bytes that they send only once stopped
 * @param memoryBytesLeft bytes of memory that are dirty or were never sent
 * @param bytesPerSecond the rate of sending while there was something to send; 0 if nothing was sent yet
 * @param deviceBytesDirtiedPerSecond the rate at which device state was dirtied in this round, not negative
 * @param memoryBytesDirtiedPerSecond the rate at which memory was dirtied in this round, not negative
 * @param predictedDowntime the downtime if the switchover happened now: sending what is left, the
 *     transitions, and the messages between the sides
 * @param maxDowntime the maximum downtime, more than 0
 * @param initialDone whether all initial data of all devices, and all memory once, has been sent
 * @param acknowledged whether the target has confirmed that it loaded all of that; true as well if the sides
 *     did not agree on confirmations
 * @param quiesceFailures how often the devices did not reach their P2P states in time, which causes no
 *     downtime
 * @param sinceQuiesceFailure time since the last of these, not negative; zero if there was none
 */
public record RoundFacts(int round, Duration elapsed, long deviceBytesLeft, long memoryBytesLeft,
    double bytesPerSecond, double deviceBytesDirtiedPerSecond, double memoryBytesDirtiedPerSecond,
    Duration predictedDowntime, Duration maxDowntime, boolean initialDone, boolean acknowledged,
    int quiesceFailures, Duration sinceQuiesceFailure) {

  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException if a value is out of range
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

  /** Returns whether leaving pre-copy now is recommended. */
  public boolean isReady() {
    return initialDone && acknowledged;
  }

  /** Returns whether a switchover may begin now, and is predicted to fit the limit. */
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
