// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.plan;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.model.Property;
import io.vfio4j.model.plan.Route.Kind;
import io.vfio4j.model.v1.ArcV1;
import io.vfio4j.model.v1.DeviceStateV1;
import io.vfio4j.model.v1.FeaturesV1;
import io.vfio4j.model.v1.TransitionV1;
import io.vfio4j.model.v1.TransitionV1.Requirement;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class PlannerV1Test {

  /** The specification's table; a detour that ends in {@code !} is discouraged. */
  private static final String TABLE = """
      RUNNING  |STOP     |DOCUMENTED|
      RUNNING  |STOP_COPY|DOCUMENTED|
      RUNNING  |RESUMING |DOCUMENTED|
      RUNNING  |PRE_COPY |DOCUMENTED|
      STOP_COPY|STOP     |DOCUMENTED|
      STOP_COPY|RUNNING  |ABORT     |
      RESUMING |RUNNING  |DOCUMENTED|
      PRE_COPY |STOP_COPY|DOCUMENTED|
      PRE_COPY |RUNNING  |ABORT     |
      STOP_COPY|RESUMING |OPTIONAL  | > STOP > RESUMING; -RESET-> RUNNING > RESUMING; > RUNNING > RESUMING !
      STOP_COPY|PRE_COPY |OPTIONAL  | > STOP > PRE_COPY; > RUNNING > PRE_COPY
      RESUMING |STOP_COPY|OPTIONAL  | > STOP > STOP_COPY; > RUNNING > STOP_COPY !; -RESET-> RUNNING > STOP_COPY
      RESUMING |PRE_COPY |OPTIONAL  | > STOP > PRE_COPY; > STOP > RUNNING > PRE_COPY; > RUNNING > PRE_COPY
      PRE_COPY |RESUMING |OPTIONAL  | -RESET-> RUNNING > RESUMING; > RUNNING > RESUMING !
      STOP     |RUNNING  |OPTIONAL  | -RESET-> RUNNING
      STOP     |STOP_COPY|OPTIONAL  | -RESET-> RUNNING > STOP_COPY
      STOP     |RESUMING |OPTIONAL  | -RESET-> RUNNING > RESUMING
      STOP     |PRE_COPY |OPTIONAL  | -RESET-> RUNNING > PRE_COPY
      RESUMING |STOP     |OPTIONAL  | > RUNNING > STOP !; -RESET-> RUNNING > STOP
      PRE_COPY |STOP     |OPTIONAL  | > STOP_COPY > STOP; > RUNNING > STOP
      """;

  record Row(DeviceStateV1 from, DeviceStateV1 to, Requirement requirement, List<String> routes) {

    static Row parse(String line) {
      String[] fields = line.split("\\|", -1);
      List<String> routes = fields[3].isBlank()
          ? List.of()
          : Stream.of(fields[3].split(";")).map(route -> fields[0].strip() + " " + route.strip()).toList();
      return new Row(DeviceStateV1.parse(fields[0]), DeviceStateV1.parse(fields[1]),
          Requirement.valueOf(fields[2].strip()), routes);
    }

    ArcV1 arc() {
      return new ArcV1(from, to);
    }
  }

  static List<Row> table() {
    return TABLE.lines().map(Row::parse).toList();
  }

  private static List<String> tableRoutes(Plan<DeviceStateV1> plan) {
    return plan.routes().stream().filter(Route::isSpecified)
        .map(route -> route + (route.isDiscouraged() ? " !" : ""))
        .toList();
  }

  private static FeaturesV1 allBut(ArcV1 arc) {
    return FeaturesV1.all(false).without(arc);
  }

  @Test
  void listsTwentyTransitions() {
    assertThat(TransitionV1.all()).map(transition -> transition.arc() + " " + transition.requirement())
        .containsExactlyElementsOf(table().stream().map(row -> row.arc() + " " + row.requirement).toList());
    assertThat(TransitionV1.all()).hasSize(20);
    assertThat(TransitionV1.all().stream().filter(TransitionV1::isMandatory)).hasSize(9);
  }

  @ParameterizedTest
  @MethodSource("table")
  void detoursAroundMissingTransition(Row row) {
    if (row.requirement != Requirement.OPTIONAL) {
      return;
    }
    Plan<DeviceStateV1> plan = Planner.of(allBut(row.arc())).plan(row.from, row.to);

    assertThat(tableRoutes(plan)).isEqualTo(row.routes);
    assertThat(plan.singleRequest()).isEmpty();
    assertExtraRoutesFollow(plan);
  }

  @ParameterizedTest
  @MethodSource("table")
  void prefersDirectTransition(Row row) {
    Plan<DeviceStateV1> plan = Planner.of(FeaturesV1.all(false)).plan(row.from, row.to);

    List<String> expected = new ArrayList<>(row.routes);
    expected.addFirst(row.arc().toString());
    assertThat(tableRoutes(plan)).isEqualTo(expected);
    assertThat(plan.best()).contains(plan.routes().getFirst());
    assertThat(plan.routes().getFirst().kind()).isEqualTo(Kind.DIRECT);
    assertExtraRoutesFollow(plan);
  }

  @ParameterizedTest
  @MethodSource("table")
  void plansWithMandatoryArcsAlone(Row row) {
    Plan<DeviceStateV1> plan = Planner.of(FeaturesV1.mandatory(false)).plan(row.from, row.to);

    List<String> possible = row.routes.stream()
        .filter(route -> !route.contains(" STOP > "))
        .toList();
    List<String> expected =
        row.requirement == Requirement.OPTIONAL ? possible : List.of(row.arc().toString());
    assertThat(tableRoutes(plan)).isEqualTo(expected);
    assertExtraRoutesFollow(plan);
  }

  private static void assertExtraRoutesFollow(Plan<DeviceStateV1> plan) {
    boolean unspecified = false;
    for (int i = 0; i < plan.routes().size(); i++) {
      Route<DeviceStateV1> route = plan.routes().get(i);
      assertThat(route.rank()).isEqualTo(i + 1);
      assertThat(route.reasons()).isNotEmpty();
      assertThat(route.path()).startsWith(plan.from()).endsWith(plan.to());
      assertThat(unspecified && route.isSpecified()).as("a specified route after another one").isFalse();
      unspecified = !route.isSpecified();
    }
    assertThat(plan.routes()).doesNotHaveDuplicates();
  }

  /**
   * The plan as lines: each route, with {@code -} if it loses the state, {@code !} if discouraged, {@code +}
   * if not specified.
   */
  private static List<String> lines(Plan<DeviceStateV1> plan) {
    return plan.routes().stream()
        .map(route -> route + (route.losesState() ? " -" : "") + (route.isDiscouraged() ? " !" : "")
            + (route.isSpecified() ? "" : " +"))
        .toList();
  }

  @ParameterizedTest
  @CsvSource(delimiter = ';', textBlock = """
      '';   STOP;     RUNNING;      STOP -RESET-> RUNNING -
      '';   RESUMING; STOP;         RESUMING > RUNNING > STOP !, RESUMING -RESET-> RUNNING > STOP -
      '';   STOP_COPY; RUNNING;     STOP_COPY > RUNNING, STOP_COPY -RESET-> RUNNING - +
      '';   RUNNING;  RUNNING;      RUNNING
      '';   RUNNING;  RUNNING+NDMA; ''
      '';   RUNNING;  ERROR;        ''
      '';   5;        RUNNING;      ''
      '';   ERROR;    ERROR;        ''
      '';   ERROR;    RUNNING;      ERROR -RESET-> RUNNING - +
      '';   ERROR;    STOP_COPY;    ERROR -RESET-> RUNNING > STOP_COPY - +
      ndma; ERROR;    PRE_COPY+NDMA; ERROR -RESET-> RUNNING > PRE_COPY > PRE_COPY+NDMA - +
      ndma; ERROR;    RUNNING+NDMA; ''
      ndma; PRE_COPY; PRE_COPY+NDMA; PRE_COPY > PRE_COPY+NDMA
      STOP>STOP_COPY; STOP; RUNNING; STOP -RESET-> RUNNING -, STOP > STOP_COPY > RUNNING +
      """)
  void plansRoute(String features, String from, String to, String routes) {
    Plan<DeviceStateV1> plan =
        Planner.of(FeaturesV1.parse(features)).plan(DeviceStateV1.parse(from), DeviceStateV1.parse(to));

    assertThat(String.join(", ", lines(plan))).isEqualTo(routes);
  }

  @Test
  void avoidsResetWhereStateIsNeeded() {
    Planner<DeviceStateV1> planner = Planner.of(FeaturesV1.mandatory(false));

    assertThat(planner.plan(DeviceStateV1.STOP, DeviceStateV1.RUNNING).best()).isEmpty();
    assertThat(planner.plan(DeviceStateV1.STOP, DeviceStateV1.RUNNING).best(false)).isPresent();
    assertThat(planner.plan(DeviceStateV1.RESUMING, DeviceStateV1.STOP).best()).isEmpty();
    assertThat(planner.plan(DeviceStateV1.STOP_COPY, DeviceStateV1.RESUMING).best()).map(Route::kind)
        .contains(Kind.RESET);
    assertThat(planner.plan(DeviceStateV1.ERROR, DeviceStateV1.RUNNING).best()).isPresent();
  }

  @Test
  void prefersKeepingStateOverSpecifiedReset() {
    FeaturesV1 features = FeaturesV1.parse("STOP>STOP_COPY");

    Plan<DeviceStateV1> plan = Planner.of(features).plan(DeviceStateV1.STOP, DeviceStateV1.RUNNING);

    assertThat(plan.best()).map(Route::toString).contains("STOP > STOP_COPY > RUNNING");
  }

  @Test
  void plansFromRunning() {
    Planner<DeviceStateV1> planner = Planner.of(FeaturesV1.mandatory(false));

    assertThat(planner.planFromRunning(DeviceStateV1.RESUMING).best()).map(Route::toString)
        .contains("RUNNING > RESUMING");
  }

  @Test
  void usesOnlyAvailableArcs() {
    Property.forCases(300, random -> {
      boolean ndma = random.nextBoolean();
      Set<ArcV1> some = new HashSet<>(FeaturesV1.all(ndma).arcs());
      some.removeIf(_ -> random.nextBoolean());
      FeaturesV1 features = new FeaturesV1(ndma, some);
      Planner<DeviceStateV1> planner = Planner.of(features);
      for (DeviceStateV1 from : FeaturesV1.states()) {
        // No arc leads from RUNNING to RUNNING+NDMA, unless the device has an optional one.
        int routesOut = planner.planFromRunning(from).routes().isEmpty() ? 0 : 1;
        assertThat(routesOut == 1 || from.hasNdma()).isTrue();
        assertThat(planner.plan(DeviceStateV1.ERROR, from).routes()).hasSize(routesOut);
        for (DeviceStateV1 to : FeaturesV1.states()) {
          Plan<DeviceStateV1> plan = planner.plan(from, to);
          plan.routes().forEach(route -> assertPossible(route, features));
          if (!from.equals(to)) {
            assertThat(plan.singleRequest().isPresent()).isEqualTo(features.has(new ArcV1(from, to)));
          }
          assertExtraRoutesFollow(plan);
        }
      }
    });
  }

  private static void assertPossible(Route<DeviceStateV1> route, FeaturesV1 features) {
    DeviceStateV1 at = route.start();
    for (Step<DeviceStateV1> step : route.steps()) {
      if (step instanceof Step.Move) {
        assertThat(features.has(new ArcV1(at, step.to()))).as("%s", route).isTrue();
      } else {
        assertThat(step.to()).isEqualTo(DeviceStateV1.RUNNING);
      }
      at = step.to();
    }
  }
}
