// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.states;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.cli.svg.Arrow;
import io.vfio4j.cli.svg.Point;
import io.vfio4j.model.MigrationFeature;
import io.vfio4j.model.MigrationFeatures;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Geometric properties of the diagrams. */
class DiagramLayoutTest {

  private static final double CLEARANCE = 8;

  static List<StateGraph> maps() {
    return Stream.concat(Stream.of(StateMachineV1.specified()),
        Stream.of(MigrationFeatures.of(), MigrationFeatures.of(MigrationFeature.P2P),
            MigrationFeatures.of(MigrationFeature.PRE_COPY), MigrationFeatures.ALL).map(StateMachineV2::new))
        .map(StateMachine::graph).toList();
  }

  private static boolean touches(StateBox box, Point point) {
    return Math.abs(point.x() - box.centre().x()) < StateBox.WIDTH / 2 + CLEARANCE
        && Math.abs(point.y() - box.centre().y()) < StateBox.HEIGHT / 2 + CLEARANCE;
  }

  @ParameterizedTest
  @MethodSource("maps")
  void drawsArrowsBetweenBordersOnly(StateGraph map) {
    DiagramLayout layout = DiagramLayout.of(map.version());
    for (ArcView arc : map.arcs()) {
      Arrow arrow = layout.arrow(arc, map.hasArc(arc.to(), arc.from())).orElseThrow();
      assertThat(onBorder(layout.box(arc.from()), arrow.tail())).as("%s leaves %s", arc, arrow).isTrue();
      assertThat(onBorder(layout.box(arc.to()), arrow.tip())).as("%s meets %s", arc, arrow).isTrue();
      for (StateView state : map.states()) {
        if (!state.name().equals(arc.from()) && !state.name().equals(arc.to())) {
          assertThat(points(arrow)).as("%s and %s", arc, state.name())
              .noneMatch(point -> touches(layout.box(state.name()), point));
        }
      }
    }
  }

  private static boolean onBorder(StateBox box, Point point) {
    double beside = Math.abs(point.x() - box.centre().x()) - StateBox.WIDTH / 2;
    double above = Math.abs(point.y() - box.centre().y()) - StateBox.HEIGHT / 2;
    return Math.abs(Math.max(beside, above)) < 0.01;
  }

  private static Stream<Point> points(Arrow arrow) {
    double length = Math.hypot(arrow.tip().x() - arrow.tail().x(), arrow.tip().y() - arrow.tail().y());
    return Stream.iterate(0.0, at -> at < length, at -> at + 2)
        .map(at -> arrow.tail().towards(arrow.tip(), at));
  }
}
