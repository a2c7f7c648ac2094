// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.source;

import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.Phase;
import io.vfio4j.engine.device.PausableWorkload;
import io.vfio4j.engine.device.Quiescence;
import io.vfio4j.engine.policy.Decision;
import io.vfio4j.engine.preflight.MigrationContext;
import io.vfio4j.engine.progress.DowntimeClock;
import io.vfio4j.engine.progress.PhaseTracker;
import java.io.IOException;
import java.time.Duration;

/**
 * Drives the source from running to stopped devices: rounds of pre-copy, then {@link Quiescence}; if that
 * times out, more rounds. A step before the stop of the devices belongs into {@link Quiescence}.
 */
public final class SwitchoverDriver {

  /** Stands for an unlimited downtime. */
  private static final Duration NO_LIMIT = Duration.ofDays(365);

  private final SourceStreams streams;
  private final PausableWorkload workload;
  private final MigrationOptions options;
  private final PhaseTracker tracker;
  private final DowntimeClock parts;

  public SwitchoverDriver(MigrationContext context, SourceStreams streams, DowntimeClock parts) {
    this.streams = streams;
    this.workload = context.workload();
    this.options = context.options();
    this.tracker = context.tracker();
    this.parts = parts;
  }

  /** Runs while the devices run, until it decides to switch over. */
  @FunctionalInterface
  public interface PreCopy {
    Decision.SwitchOver run() throws IOException;
  }

  /** Called if the devices did not reach their P2P states in time. */
  @FunctionalInterface
  public interface QuiesceFailureHandler {
    void onFailure() throws IOException;
  }

  /** Returns the switchover, with the devices in their P2P states and the workload paused. */
  public Switchover run(PreCopy rounds, QuiesceFailureHandler onQuiesceFailure) throws IOException {
    Quiescence quiescence =
        new Quiescence(streams.group(), streams.waiter(), workload, parts, options);
    while (true) {
      Decision.SwitchOver decision = rounds.run();
      long expected = Switchover.expectedBytes(streams);
      tracker.enter(new Phase.Quiescing(options.maxQuiesce()), decision.reason());
      Duration limit = decision.maxDowntime().orElse(NO_LIMIT);
      if (quiescence.enter(limit)) {
        tracker.enter(new Phase.StopCopy(limit), "the rest is sent while the devices are stopped");
        return new Switchover(streams, parts, expected, limit, tracker);
      }
      onQuiesceFailure.onFailure();
    }
  }
}
