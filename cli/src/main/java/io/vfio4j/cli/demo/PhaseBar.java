// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import io.vfio4j.engine.MigrationReport.PhaseTime;
import java.time.Duration;
import java.util.List;

/** Draws the phases of a migration as a bar, each in proportion to its duration. */
final class PhaseBar {

  private static final String[] SHADES = {"░", "█", "▚", "▒", "▓"};

  private final List<PhaseTime> phases;
  private final int width;

  PhaseBar(List<PhaseTime> phases, int width) {
    this.phases = phases;
    this.width = width;
  }

  /** Returns the shade of a phase. */
  String shade(int phase) {
    return SHADES[phase % SHADES.length];
  }

  /** Returns the bar, in which each phase has at least one character. */
  String bar() {
    long total = Math.max(1, phases.stream().mapToLong(phase -> phase.duration().toNanos()).sum());
    StringBuilder bar = new StringBuilder();
    for (int i = 0; i < phases.size(); i++) {
      Duration duration = phases.get(i).duration();
      long cells = Math.max(1, Math.round((double) duration.toNanos() * (width - phases.size()) / total));
      bar.append(shade(i).repeat((int) cells));
    }
    return bar.toString();
  }
}
