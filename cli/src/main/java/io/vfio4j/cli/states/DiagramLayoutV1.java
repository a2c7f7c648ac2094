// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.states;

import io.vfio4j.cli.svg.Point;
import java.util.List;
import java.util.Map;

/**
 * The layout of version 1: RUNNING in the middle, the other states without NDMA around it, and those with NDMA in between,
 * so that few of the 27 arcs cross.
 */
final class DiagramLayoutV1 {

  private static final double HALF_WIDTH = StateBox.WIDTH / 2;
  private static final double HALF_HEIGHT = StateBox.HEIGHT / 2;

  static final DiagramLayout LAYOUT = new DiagramLayout(1120, 780,
      Map.of("ERROR", box(560, 90), "RESUMING", box(130, 180), "PRE_COPY", box(990, 180),
          "RUNNING", box(560, 300), "RUNNING+NDMA", box(285, 400), "PRE_COPY+NDMA", box(835, 400),
          "STOP", box(130, 700), "STOP_COPY", box(990, 700)),
      List.of(ArcLine.of("ERROR", 0, HALF_HEIGHT, "RUNNING", 0, -HALF_HEIGHT),
          ArcLine.of("RESUMING", HALF_WIDTH, -20, "PRE_COPY", -HALF_WIDTH, -20),
          ArcLine.of("STOP", HALF_WIDTH, 20, "STOP_COPY", -HALF_WIDTH, 20),
          ArcLine.of("RESUMING", -40, HALF_HEIGHT, "STOP", -40, -HALF_HEIGHT),
          ArcLine.of("PRE_COPY", 40, HALF_HEIGHT, "STOP_COPY", 40, -HALF_HEIGHT),
          ArcLine.of("RESUMING", HALF_WIDTH, 2, "RUNNING", -HALF_WIDTH, -12),
          ArcLine.of("PRE_COPY", -HALF_WIDTH, 2, "RUNNING", HALF_WIDTH, -12),
          ArcLine.of("RUNNING", -40, HALF_HEIGHT, "STOP", 55, -HALF_HEIGHT),
          ArcLine.of("RUNNING", 40, HALF_HEIGHT, "STOP_COPY", -55, -HALF_HEIGHT),
          ArcLine.of("RESUMING", 75, HALF_HEIGHT, "STOP_COPY", -HALF_WIDTH, -19),
          ArcLine.of("PRE_COPY", -75, HALF_HEIGHT, "STOP", HALF_WIDTH, -19),
          ArcLine.of("RESUMING", 20, HALF_HEIGHT, "RUNNING+NDMA", -60, -HALF_HEIGHT),
          ArcLine.of("PRE_COPY", -20, HALF_HEIGHT, "PRE_COPY+NDMA", 60, -HALF_HEIGHT),
          ArcLine.of("RUNNING+NDMA", HALF_WIDTH, -16, "RUNNING", -HALF_WIDTH, 16),
          ArcLine.of("PRE_COPY+NDMA", -HALF_WIDTH, -16, "RUNNING", HALF_WIDTH, 16),
          ArcLine.of("RUNNING+NDMA", -60, HALF_HEIGHT, "STOP", 5, -HALF_HEIGHT),
          ArcLine.of("PRE_COPY+NDMA", 60, HALF_HEIGHT, "STOP_COPY", -5, -HALF_HEIGHT),
          ArcLine.of("PRE_COPY+NDMA", -HALF_WIDTH, 16, "STOP", HALF_WIDTH, 2)),
      new Point(718, 128), new Point(1106, 752));

  private DiagramLayoutV1() {
  }

  private static StateBox box(double x, double y) {
    return new StateBox(new Point(x, y));
  }
}
