// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** Compares {@link NextState} with a search over the arcs by the rules of the protocol. */
class NextStateSearchTest {

  static final List<MigrationFeatures> FEATURE_SETS = ShortestPaths.FEATURE_SETS;

  @ParameterizedTest
  @FieldSource("FEATURE_SETS")
  void findsShortestAllowedPath(MigrationFeatures features) {
    for (DeviceState from : DeviceState.values()) {
      for (DeviceState to : DeviceState.values()) {
        List<List<DeviceState>> shortest = ShortestPaths.shortestPaths(features, from, to);

        // The rules leave at most one path; if there were several, the table would have to contain one of
        // them.
        assertThat(shortest).as("shortest paths from %s to %s", from, to).hasSizeLessThanOrEqualTo(1);
        assertThat(NextState.of(features).path(from, to)).as("%s to %s", from, to)
            .isEqualTo(shortest.stream().findFirst());
      }
    }
  }

  @Test
  void staysInRunningWithoutMigration() {
    NextState nextState = NextState.of(MigrationFeatures.NONE);
    for (DeviceState from : DeviceState.values()) {
      for (DeviceState to : DeviceState.values()) {
        if (from == DeviceState.RUNNING && to == DeviceState.RUNNING) {
          assertThat(nextState.next(from, to)).contains(DeviceState.RUNNING);
          assertThat(nextState.path(from, to)).contains(List.of(DeviceState.RUNNING));
        } else {
          assertThat(nextState.next(from, to)).as("%s to %s", from, to).isEmpty();
          assertThat(nextState.path(from, to)).as("%s to %s", from, to).isEmpty();
        }
      }
    }
  }
}
