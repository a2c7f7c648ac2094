// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.plan;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.model.DeviceState;
import io.vfio4j.model.MigrationFeature;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.NextState;
import io.vfio4j.model.NextStateOracle;
import io.vfio4j.model.ShortestPaths;
import io.vfio4j.model.plan.Route.Kind;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.MethodSource;

class PlannerV2Test {

  static final List<MigrationFeatures> FEATURE_SETS = ShortestPaths.FEATURE_SETS;

  private static List<NextStateOracle.Case> oracle() throws java.io.IOException {
    return NextStateOracle.cases();
  }

  @ParameterizedTest
  @MethodSource("oracle")
  void matchesKernelForSingleRequests(NextStateOracle.Case expected) {
    Plan<DeviceState> plan = Planner.of(expected.features()).plan(expected.from(), expected.to());

    Optional<Route<DeviceState>> single = plan.singleRequest();
    assertThat(single.map(Route::path)).isEqualTo(expected.path());
    single.ifPresent(route -> {
      assertThat(route.rank()).isEqualTo(1);
      assertThat(route.isSpecified()).isTrue();
      assertThat(route.isDiscouraged()).isFalse();
      assertThat(plan.best()).contains(route);
    });
    assertThat(plan.routes().stream().filter(Route::isSpecified).toList())
        .isEqualTo(single.map(List::of).orElse(List.of()));
  }

  @ParameterizedTest
  @FieldSource("FEATURE_SETS")
  void matchesKernelForEveryRequest(MigrationFeatures features) {
    NextState nextState = NextState.of(features);
    for (DeviceState from : DeviceState.values()) {
      for (DeviceState to : DeviceState.values()) {
        for (Route<DeviceState> route : Planner.of(features).plan(from, to).routes()) {
          DeviceState at = from;
          for (Step<DeviceState> step : route.steps()) {
            if (step instanceof Step.Move) {
              List<DeviceState> path = nextState.path(at, step.to()).orElseThrow();
              assertThat(step.path()).isEqualTo(path.subList(1, path.size()));
            }
            at = step.to();
          }
          assertThat(at).isEqualTo(to);
          assertThat(route.reasons()).isNotEmpty();
          assertThat(route.losesState()).isEqualTo(route.kind() == Kind.RESET);
        }
      }
    }
  }

  @ParameterizedTest
  @FieldSource("FEATURE_SETS")
  void leavesErrorOnlyByReset(MigrationFeatures features) {
    for (DeviceState to : DeviceState.values()) {
      Plan<DeviceState> plan = Planner.of(features).plan(DeviceState.ERROR, to);

      boolean possible = to != DeviceState.ERROR && features.supports(to);
      assertThat(plan.routes()).hasSize(possible ? 1 : 0);
      assertThat(plan.best()).isEqualTo(plan.routes().stream().findFirst());
      assertThat(plan.routes()).allMatch(route -> route.kind() == Kind.RESET);
    }
  }

  private static List<String> lines(MigrationFeatures features, DeviceState from, DeviceState to) {
    return Planner.of(features).plan(from, to).routes().stream()
        .map(route -> route.kind() + ": " + route)
        .toList();
  }

  @Test
  void routesStopCopyToPreCopyViaStop() {
    assertThat(
        lines(MigrationFeatures.of(MigrationFeature.PRE_COPY), DeviceState.STOP_COPY, DeviceState.PRE_COPY))
        .containsExactly(
            "VIA_STOP: STOP_COPY > STOP > RUNNING > PRE_COPY",
            "RESET: STOP_COPY -RESET-> RUNNING > PRE_COPY");
  }

  @Test
  void routesRunningToStopCopyViaPreCopy() {
    List<String> lines = lines(MigrationFeatures.ALL, DeviceState.RUNNING, DeviceState.STOP_COPY);

    assertThat(lines).startsWith("COMBINATION: RUNNING > RUNNING_P2P > STOP > STOP_COPY");
    assertThat(lines).contains("DETOUR: RUNNING > PRE_COPY > PRE_COPY_P2P > STOP_COPY");
    assertThat(lines).noneMatch(line -> line.startsWith("RESET"));
  }

  @Test
  void hasNoRoutesWithoutMigration() {
    assertThat(lines(MigrationFeatures.NONE, DeviceState.RUNNING, DeviceState.RUNNING))
        .containsExactly("STAY: RUNNING");
    assertThat(lines(MigrationFeatures.NONE, DeviceState.RUNNING, DeviceState.STOP)).isEmpty();
  }
}
