// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.io.IOException;
import java.time.Duration;

/** The source's way from running devices to such as stand still: rounds and grace states, until both are done with. */
final class WayDown {

  /** For ever, as far as a downtime is concerned. */
  private static final Duration NO_LIMIT = Duration.ofDays(365);

  private final SourceStreams streams;
  private final PausableWorkload workload;
  private final MigrationOptions options;
  private final Narrator narrator;
  private final DowntimeClock parts;

  WayDown(SourceStreams streams, PausableWorkload workload, MigrationOptions options, Narrator narrator,
      DowntimeClock parts) {
    this.streams = streams;
    this.workload = workload;
    this.options = options;
    this.narrator = narrator;
    this.parts = parts;
  }

  /** Goes on while everything runs, until it may stop. */
  @FunctionalInterface
  interface Rounds {
    Decision.SwitchOver run() throws IOException;
  }

  /** Hears that the devices did not enter their grace states in time. */
  @FunctionalInterface
  interface NotQuiet {
    void failed() throws IOException;
  }

  /** Returns what stops the devices, which are in their grace states now, and sends the rest; the workload is paused. */
  Switchover run(Rounds rounds, NotQuiet notQuiet) throws IOException {
    Quiescence quiescence = new Quiescence(streams.group(), streams.waiting(), workload, options.maxQuiesce(),
        narrator, parts);
    while (true) {
      Decision.SwitchOver decision = rounds.run();
      long expected = Switchover.expectedBytes(streams);
      narrator.enter(new Phase.Quiescing(options.maxQuiesce()), decision.reason());
      Duration limit = decision.maxDowntime().orElse(NO_LIMIT);
      if (quiescence.enter(limit)) {
        narrator.enter(new Phase.StopCopy(limit), "the rest is sent while the devices stand still");
        return new Switchover(streams, parts, expected, limit, narrator);
      }
      notQuiet.failed();
    }
  }
}
