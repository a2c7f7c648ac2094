// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.policy;

import io.vfio4j.engine.util.Units;
import java.time.Duration;

/** Why a policy decided as it did. */
record PolicyMessages(RoundFacts facts) {

  String fitting() {
    return "the rest would take %s, and may take %s".formatted(predicted(), limit());
  }

  String continuing() {
    if (!facts.initialDone()) {
      return "the initial data has not all been sent";
    }
    if (!facts.acknowledged()) {
      return "the target has not loaded all that was sent";
    }
    if (facts.fits()) {
      return "the devices took too long to enter their grace states, and are left alone for a while";
    }
    return isOutpaced()
        ? "what is left would take %s: %s".formatted(predicted(), rates())
        : "what is left would take " + predicted();
  }

  String forced(Duration limit) {
    return "the rest would take %s, which is longer than the limit of %s; it is given up to %s, since it is to go anyway"
        .formatted(predicted(), limit(), Units.duration(limit));
  }

  String notQuiescing() {
    return """
        the devices did not enter their grace states in time, in %d attempts; they stood still for none of these; \
        allow more time for it, or let the workload do less""".formatted(facts.quiesceFailures());
  }

  String notConverging() {
    String after = "after %s of pre-copy ".formatted(Units.duration(facts.elapsed()));
    if (!facts.initialDone()) {
      return after
          + """
          the initial data has not all been sent: %s are left, and %s can be sent; allow more time or more bandwidth"""
              .formatted(Units.bytes(bytesLeft()), Units.rate(facts.bytesPerSecond()));
    }
    if (!facts.acknowledged()) {
      return after + "the target has not confirmed that it has loaded all that was sent; allow more time, "
          + "and see what the target is waiting for";
    }
    if (facts.fits()) {
      return after + "the switchover would fit, but " + notQuiescing();
    }
    return after + """
        the switchover would still take %s, and the limit is %s: %s; allow more downtime, more bandwidth or more time, \
        or let the workload do less""".formatted(predicted(), limit(), rates());
  }

  private long bytesLeft() {
    return facts.deviceBytesLeft() + facts.memoryBytesLeft();
  }

  /** Tells whether as much is dirtied as can be sent, so that no round leaves less than the one before it. */
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
