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

/** Injects the faults of one device, and counts how often each has occurred. */
final class FaultInjector {

  /** Maximum time between two checks of the clock while waiting, since a test may advance it. */
  private static final long MAX_PARK_NANOS = 1_000_000L;

  private final String device;
  private final List<Fault> faults;
  private final int[] occurrences;
  private final LongSupplier nanoTime;

  /**
   * Creates the injector of a device.
   *
   * @throws IllegalArgumentException if a fault could never occur
   */
  FaultInjector(ScratchConfig config, LongSupplier nanoTime) {
    validate(config);
    this.device = config.name();
    this.faults = config.faults();
    this.occurrences = new int[faults.size()];
    this.nanoTime = nanoTime;
  }

  /** Rejects faults that could never occur. */
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
   * Delays or fails an arc.
   *
   * @param running runs the work of the device that is due, since it keeps running during a delay
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

  /** Waits until a time of a clock, or until the thread is interrupted. */
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

  /** Returns the estimate to report in place of the true one, if a fault defines it. */
  Optional<OptionalLong> lengthOverride() {
    return faultsOf(Fault.LengthOverride.class).map(fault -> OptionalLong.of(fault.bytes())).findFirst();
  }

  /** Returns the count of traffic writes after a state with a given count was loaded. */
  long trafficCountAfterLoad(long saved) {
    long count = saved;
    for (Fault.TrafficFault fault : faultsOf(Fault.TrafficFault.class).toList()) {
      count = fault.apply(count);
    }
    return count;
  }

  /** Returns a session with the faults that apply to it. */
  SavingSession wrap(SavingSession session, BooleanSupplier isStopped) {
    FaultySavingSession.Faults applicable =
        new FaultySavingSession.Faults(faultsOf(Fault.ReadFailure.class).findFirst(),
            faultsOf(Fault.ReadTruncation.class).findFirst(), faultsOf(Fault.ReadThrottle.class).findFirst()
                .map(throttle -> new Throttle(throttle.bytesPerSecond(), nanoTime)));
    return applicable.isEmpty() ? session : new FaultySavingSession(device, session, isStopped, applicable);
  }

  /** Returns a session with the faults that apply to it. */
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
