// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.watch;

import io.vfio4j.cli.base.Quantities;
import io.vfio4j.engine.DowntimeParts;
import io.vfio4j.engine.Side;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Builds the lanes of timeline charts. */
final class LaneBuilder {

  private static final Set<String> ENDS_DOWNTIME = Set.of("finishing", "done");

  private final MigrationTimeline timeline;
  private final Duration end;

  LaneBuilder(MigrationTimeline timeline, Duration end) {
    this.timeline = timeline;
    this.end = end;
  }

  /** Returns for each side its phases, then its devices. */
  List<Lane> build() {
    List<Lane> lanes = new ArrayList<>();
    for (Side side : Side.values()) {
      Lane phases = phases(side);
      if (!phases.bars().isEmpty()) {
        lanes.add(phases);
        devices(side).forEach(lanes::add);
      }
    }
    return lanes;
  }

  private Lane phases(Side side) {
    Lane lane = Lane.of(side + ": phases");
    List<MigrationTimeline.PhaseEntry> phases =
        timeline.phases().stream().filter(phase -> phase.side() == side).toList();
    for (int i = 0; i < phases.size(); i++) {
      MigrationTimeline.PhaseEntry phase = phases.get(i);
      Duration until = i + 1 < phases.size() ? phases.get(i + 1).at() : end;
      lane.add(phase.at(), until, "phase " + phase.phase(), phase.phase(), phase.reason());
    }
    return lane;
  }

  private List<Lane> devices(Side side) {
    Map<MigrationTimeline.DeviceKey,
        List<MigrationTimeline.StateChange>> byDevice = timeline.stateChanges(end).stream()
            .filter(change -> change.device().side() == side)
            .collect(
                Collectors.groupingBy(MigrationTimeline.StateChange::device,
                    () -> new TreeMap<>(Comparator.comparing(MigrationTimeline.DeviceKey::device)),
                    Collectors.toList()));
    return byDevice.entrySet().stream().map(entry -> device(entry.getKey(), entry.getValue())).toList();
  }

  private Lane device(MigrationTimeline.DeviceKey device, List<MigrationTimeline.StateChange> changes) {
    Lane lane = Lane.of(device.device());
    Duration since = Duration.ZERO;
    String state = changes.getFirst().from().name();
    for (MigrationTimeline.StateChange change : changes) {
      lane.add(since, change.interval().start(), style(state), state, "");
      String reached = change.reached().map(Enum::name).orElse("unknown");
      lane.add(change.interval().start(), change.interval().end(), "moving", "",
          "%s to %s, in %s: %s".formatted(change.from(),
              reached, Quantities.time(change.interval().duration()), change.reason()));
      since = change.interval().end();
      state = reached;
    }
    lane.add(since, end, style(state), state, "");
    return lane;
  }

  static String style(String state) {
    return "state " + state.toLowerCase(Locale.ROOT);
  }

  /** Returns the end of the downtime: when the source was done, or started to complete its file. */
  Duration downtimeEnd() {
    return timeline.phases().stream()
        .filter(phase -> phase.side() == Side.SOURCE && ENDS_DOWNTIME.contains(phase.phase()))
        .map(MigrationTimeline.PhaseEntry::at)
        .findFirst().orElse(end);
  }

  /** Returns the parts of the downtime, placed back from its end. */
  Lane downtimeLane(Downtime downtime) {
    Lane lane = Lane.of("downtime");
    Duration at = downtimeEnd().minus(downtime.duration());
    for (Map.Entry<DowntimeParts.Part, Duration> part : downtime.parts().durations().entrySet()) {
      lane.add(at, at.plus(part.getValue()), "part " + part.getKey().name().toLowerCase(Locale.ROOT),
          part.getKey().title(), "");
      at = at.plus(part.getValue());
    }
    return lane;
  }
}
