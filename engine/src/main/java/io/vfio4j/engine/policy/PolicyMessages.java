// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.policy;

import io.vfio4j.engine.util.Units;
import java.time.Duration;

/** The reasons of a {@link DowntimePolicy}'s decisions. */
record PolicyMessages(RoundFacts facts) {

  String fitting() {
    return "the predicted downtime is %s, the limit %s".formatted(predicted(), limit());
  }

  String continuing() {
    if (!facts.initialDone()) {
      return "not all initial data has been sent";
    }
    if (!facts.acknowledged()) {
      return "the target has not loaded everything that was sent";
    }
    if (facts.fits()) {
      return "the devices did not quiesce in time; waiting before the next attempt";
    }
    return isOutpaced()
        ? "the predicted downtime is %s: %s".formatted(predicted(), rates())
        : "the predicted downtime is " + predicted();
  }

  String forced(Duration limit) {
    return "the predicted downtime of %s exceeds the limit of %s; the switchover is forced, with a limit of %s"
        .formatted(predicted(), limit(), Units.duration(limit));
  }

  String notQuiescing() {
    return """
        the devices did not quiesce in time in %d attempts, none of which caused downtime; \
        allow more time for it, or reduce the load""".formatted(facts.quiesceFailures());
  }

  String notConverging() {
    String after = "after %s of pre-copy ".formatted(Units.duration(facts.elapsed()));
    if (!facts.initialDone()) {
      return after
          + """
          not all initial data has been sent: %s are left, and %s can be sent; allow more time or more bandwidth"""
              .formatted(Units.bytes(bytesLeft()), Units.rate(facts.bytesPerSecond()));
    }
    if (!facts.acknowledged()) {
      return after
          + "the target has not confirmed that it has loaded everything that was sent; allow more time, "
          + "and check what the target is waiting for";
    }
    if (facts.fits()) {
      return after + "the switchover would fit, but " + notQuiescing();
    }
    return after + """
        the switchover would still take %s, and the limit is %s: %s; allow more downtime, more bandwidth or more time, \
        or reduce the load""".formatted(predicted(), limit(), rates());
  }

  private long bytesLeft() {
    return facts.deviceBytesLeft() + facts.memoryBytesLeft();
  }

  /**
   * Returns whether data is dirtied at least as fast as it can be sent, so that rounds do not get shorter.
   */
  private boolean isOutpaced() {
    return facts.bytesPerSecond() > 0
        && facts.deviceBytesDirtiedPerSecond() + facts.memoryBytesDirtiedPerSecond()
            >= facts.bytesPerSecond();
  }

  private String rates() {
    String devices = Units.rate(facts.deviceBytesDirtiedPerSecond());
    String memory = Units.rate(facts.memoryBytesDirtiedPerSecond());
    String changes;
    if (facts.memoryBytesLeft() == 0 && facts.memoryBytesDirtiedPerSecond() == 0) {
      changes = "the device changes " + devices;
    } else if (facts.deviceBytesLeft() == 0 && facts.deviceBytesDirtiedPerSecond() == 0) {
      changes = "memory changes " + memory;
    } else {
      changes = "devices change %s and memory %s".formatted(devices, memory);
    }
    return "%s, and %s can be sent".formatted(changes, Units.rate(facts.bytesPerSecond()));
  }

  private String predicted() {
    return Units.duration(facts.predictedDowntime());
  }

  private String limit() {
    return Units.duration(facts.maxDowntime());
  }
}
