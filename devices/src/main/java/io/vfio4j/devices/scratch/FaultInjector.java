// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.scratch;

import io.vfio4j.model.Arc;
import io.vfio4j.model.ArcException;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.ResumingSession;
import io.vfio4j.model.SavingSession;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;
import java.util.stream.Stream;

/** The faults of one device, and how often they have happened. */
final class FaultInjector {

  /** A wait looks at the clock at least so often. */
  private static final long MAX_PARK_NANOS = 1_000_000L;

  private final String device;
  private final List<Fault> faults;
  private final int[] occurrences;
  private final LongSupplier nanoTime;

  /**
   * Makes them.
   *
   * @throws IllegalArgumentException if one could never happen
   */
  FaultInjector(ScratchConfig config, LongSupplier nanoTime) {
    validate(config);
    this.device = config.name();
    this.faults = config.faults();
    this.occurrences = new int[faults.size()];
    this.nanoTime = nanoTime;
  }

  /** Refuses faults that could never happen. */
  private static void validate(ScratchConfig config) {
    MigrationFeatures features = config.features();
    for (Fault fault : config.faults()) {
      Optional<Arc> arc = switch (fault) {
        case Fault.ArcFailure fail -> Optional.of(fail.arc());
        case Fault.ArcDelay delay -> Optional.of(delay.arc());
        default -> Optional.empty();
      };
      if (arc.isPresent() && !Arc.of(features).contains(arc.get())) {
        throw new IllegalArgumentException(
            "a fault for %s: a device with the features %s never takes this arc"
                .formatted(arc.get(), features));
      }
    }
  }

  /**
   * Does what is to happen when an arc begins.
   *
   * @param running lets the device do what is due: one that takes its time for an arc goes on until it has taken it
   */
  void beforeArc(Arc arc, LongConsumer running) throws ArcException {
    for (int i = 0; i < faults.size(); i++) {
      if (faults.get(i) instanceof Fault.ArcDelay delay && delay.arc().equals(arc)
          && occurrences[i] < delay.times()) {
        occurrences[i]++;
        await(nanoTime, nanoTime.getAsLong() + delay.delay().toNanos(), running);
      }
    }
    for (int i = 0; i < faults.size(); i++) {
      if (faults.get(i) instanceof Fault.ArcFailure fail && fail.arc().equals(arc)
          && occurrences[i] < fail.times()) {
        occurrences[i]++;
        throw new ArcException(fail.errno(), fail.entersError(), "simulated failure at " + arc);
      }
    }
  }

  /** Waits for a time of a clock; an interrupted thread waits no longer. */
  static void await(LongSupplier nanoTime, long until) {
    await(nanoTime, until, now -> {
    });
  }

  private static void await(LongSupplier nanoTime, long until, LongConsumer meanwhile) {
    long now = nanoTime.getAsLong();
    while (until - now > 0 && !Thread.currentThread().isInterrupted()) {
      meanwhile.accept(now);
      LockSupport.parkNanos(Math.min(until - now, MAX_PARK_NANOS));
      now = nanoTime.getAsLong();
    }
  }

  /** Returns the estimate to announce instead of the true one. */
  Optional<OptionalLong> lengthOverride() {
    return faultsOf(Fault.LengthOverride.class).map(fault -> OptionalLong.of(fault.bytes())).findFirst();
  }

  /** Returns the count of traffic writes that a device has when a state with this one was loaded. */
  long trafficCountAfterLoad(long count) {
    long cheated = count;
    for (Fault.TrafficFault cheat : faultsOf(Fault.TrafficFault.class).toList()) {
      cheated = cheat.apply(cheated);
    }
    return cheated;
  }

  /** Returns a session with its faults. */
  SavingSession wrap(SavingSession session, BooleanSupplier isStopped) {
    return faultsOf(Fault.ReadFailure.class).findAny().isPresent()
        || faultsOf(Fault.ReadTruncation.class).findAny().isPresent()
        || faultsOf(Fault.ReadThrottle.class).findAny().isPresent()
            ? new FaultySavingSession(device, session, isStopped,
                faultsOf(Fault.ReadFailure.class).findFirst(),
                faultsOf(Fault.ReadTruncation.class).findFirst(),
                faultsOf(Fault.ReadThrottle.class).findFirst()
                    .map(slow -> new Throttle(slow.bytesPerSecond(), nanoTime)))
            : session;
  }

  /** Returns a session with its faults. */
  ResumingSession wrap(ResumingSession session) {
    return faultsOf(Fault.WriteFailure.class).findAny().isPresent()
        || faultsOf(Fault.WriteTruncation.class).findAny().isPresent()
            ? new FaultyResumingSession(device, session, faultsOf(Fault.WriteFailure.class).findFirst(),
                faultsOf(Fault.WriteTruncation.class).findFirst())
            : session;
  }

  private <F extends Fault> Stream<F> faultsOf(Class<F> kind) {
    return faults.stream().filter(kind::isInstance).map(kind::cast);
  }
}
