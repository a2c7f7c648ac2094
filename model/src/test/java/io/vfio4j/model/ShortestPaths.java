// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import static io.vfio4j.model.DeviceState.ERROR;
import static io.vfio4j.model.DeviceState.PRE_COPY;
import static io.vfio4j.model.DeviceState.PRE_COPY_P2P;
import static io.vfio4j.model.DeviceState.STOP_COPY;

import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** The rules of the protocol as a search, to compare with the table. */
public final class ShortestPaths {

  /** All feature sets of a device that can migrate. */
  public static final List<MigrationFeatures> FEATURE_SETS = List.of(
      MigrationFeatures.of(),
      MigrationFeatures.of(MigrationFeature.P2P),
      MigrationFeatures.of(MigrationFeature.PRE_COPY),
      MigrationFeatures.of(MigrationFeature.P2P, MigrationFeature.PRE_COPY));

  private static final Set<DeviceState> SAVING_GROUP = EnumSet.of(PRE_COPY, PRE_COPY_P2P, STOP_COPY);

  private ShortestPaths() {
  }

  /**
   * Searches breadth-first for all shortest paths over the arcs. No inner state of a path belongs to the
   * saving group, unless both its ends do.
   *
   * @return the paths, both ends included; none if the transition is refused
   */
  static List<List<DeviceState>> shortestPaths(MigrationFeatures features, DeviceState from, DeviceState to) {
    List<Arc> arcs = Arc.of(features);
    if (isBlocked(from, to) || !isKnown(arcs, from) || !isKnown(arcs, to)) {
      return List.of();
    }
    boolean mayPassSaving = SAVING_GROUP.contains(from) && SAVING_GROUP.contains(to);
    List<List<DeviceState>> paths = List.of(List.of(from));
    while (paths.stream().noneMatch(path -> path.getLast() == to) && !paths.isEmpty()) {
      List<List<DeviceState>> longer = new ArrayList<>();
      for (List<DeviceState> path : paths) {
        for (Arc arc : arcs) {
          boolean mayEnter = arc.to() == to || mayPassSaving || !SAVING_GROUP.contains(arc.to());
          if (arc.from() == path.getLast() && mayEnter && !path.contains(arc.to())) {
            longer.add(plus(path, arc.to()));
          }
        }
      }
      paths = longer;
    }
    return paths.stream().filter(path -> path.getLast() == to).toList();
  }

  private static boolean isBlocked(DeviceState from, DeviceState to) {
    return from == ERROR || to == ERROR || (from == STOP_COPY && (to == PRE_COPY || to == PRE_COPY_P2P));
  }

  private static boolean isKnown(List<Arc> arcs, DeviceState state) {
    return arcs.stream().anyMatch(arc -> arc.from() == state);
  }

  private static List<DeviceState> plus(List<DeviceState> path, DeviceState state) {
    List<DeviceState> longer = new ArrayList<>(path);
    longer.add(state);
    return Collections.unmodifiableList(longer);
  }
}
