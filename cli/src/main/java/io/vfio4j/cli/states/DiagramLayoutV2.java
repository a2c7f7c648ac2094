// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.states;

import io.vfio4j.cli.svg.Point;
import java.util.List;
import java.util.Map;

/** The layout of version 2. Columns: other states, running, saving group. Rows: running, P2P, stopped. */
final class DiagramLayoutV2 {

  private static final double LEFT = 140;
  private static final double MIDDLE = 490;
  private static final double RIGHT = 840;
  private static final double TOP = 150;
  private static final double CENTRE = 310;
  private static final double BOTTOM = 470;

  static final DiagramLayout LAYOUT = new DiagramLayout(980, 540,
      Map.of("ERROR", box(LEFT, TOP), "RUNNING", box(MIDDLE, TOP), "PRE_COPY", box(RIGHT, TOP),
          "RUNNING_P2P", box(MIDDLE, CENTRE), "PRE_COPY_P2P", box(RIGHT, CENTRE),
          "RESUMING", box(LEFT, BOTTOM), "STOP", box(MIDDLE, BOTTOM), "STOP_COPY", box(RIGHT, BOTTOM)),
      List.of(across("ERROR", "RUNNING"), across("RUNNING", "PRE_COPY"),
          across("RUNNING_P2P", "PRE_COPY_P2P"), across("RESUMING", "STOP"), across("STOP", "STOP_COPY"),
          down("RUNNING", "RUNNING_P2P"), down("RUNNING_P2P", "STOP"), down("RUNNING", "STOP"),
          down("PRE_COPY", "PRE_COPY_P2P"), down("PRE_COPY_P2P", "STOP_COPY"), down("PRE_COPY", "STOP_COPY")),
      new Point(704, 94), new Point(960, 526));

  private DiagramLayoutV2() {
  }

  private static StateBox box(double x, double y) {
    return new StateBox(new Point(x, y));
  }

  private static ArcLine across(String left, String right) {
    return ArcLine.of(left, StateBox.WIDTH / 2, 0, right, -StateBox.WIDTH / 2, 0);
  }

  private static ArcLine down(String upper, String lower) {
    return ArcLine.of(upper, 0, StateBox.HEIGHT / 2, lower, 0, -StateBox.HEIGHT / 2);
  }
}
