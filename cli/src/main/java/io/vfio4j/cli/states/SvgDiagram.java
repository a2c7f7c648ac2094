// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.states;

import io.vfio4j.cli.svg.Arrow;
import io.vfio4j.cli.svg.Point;
import io.vfio4j.cli.svg.Svg;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A picture of the states: a file that needs no other, drawn without any tool. */
final class SvgDiagram {

  private final StateMap map;
  private final Layout layout;
  private final Svg svg = new Svg();
  private final List<ShownArc> undrawn = new ArrayList<>();

  private SvgDiagram(StateMap map, Layout layout) {
    this.map = map;
    this.layout = layout;
  }

  static SvgDiagram of(StateMap map) {
    return new SvgDiagram(map, Layout.of(map.version()));
  }

  String text() {
    savingGroup();
    map.arcs().forEach(this::arc);
    reset();
    map.states().forEach(this::state);
    SvgLegend legend = new SvgLegend(map, undrawn);
    legend.draw(svg, new Point(30, layout.height() + 20));
    return Svg.file(map.title(), SvgStyle.CSS, layout.width(), layout.height() + 20 + legend.height(), svg);
  }

  private void savingGroup() {
    if (map.states().stream().anyMatch(ShownState::isSaving)) {
      Point corner = layout.saving();
      svg.rect("saving", corner, layout.savingEnd().x() - corner.x(), layout.savingEnd().y() - corner.y(),
          18);
      svg.text("saving-name", new Point(layout.savingEnd().x() - 12, corner.y() - 8),
          map.version() == 1 ? "saving group: SAVING is set" : "saving group: one session throughout");
    }
  }

  private void arc(ShownArc arc) {
    Optional<Arrow> place = layout.arrow(arc, map.joins(arc.to(), arc.from()));
    if (place.isEmpty()) {
      undrawn.add(arc);
      return;
    }
    Arrow arrow = place.get();
    svg.raw("  <g data-arc=\"%s\">\n".formatted(Svg.escape(arc.toString())));
    svg.arrow(arc.need().styleClass(), arrow);
    if (arc.ends()) {
      svg.circle("ends " + arc.need().styleClass(), arrow.afterTail(), 3.5);
    }
    if (arc.opens()) {
      svg.circle("opens " + arc.need().styleClass(), arrow.beforeTip(), 4.5);
    }
    svg.raw("  </g>\n");
  }

  private void reset() {
    if (map.states().stream().anyMatch(ShownState::isError)) {
      ShownArc reset =
          new ShownArc("ERROR", "RUNNING", Need.ALWAYS, List.of(), Session.NONE, Session.NONE);
      layout.arrow(reset, false).ifPresent(arrow -> svg.arrow("reset", arrow));
    }
  }

  private void state(ShownState state) {
    Box box = layout.box(state.name());
    String kind = state.isError() ? "error" : state.running() ? "running" : "still";
    svg.rect("box " + kind + (state.isInitial() ? " initial" : ""), new Point(box.left(), box.top()),
        Box.WIDTH, Box.HEIGHT, 14);
    svg.text("name", box.centre().plus(0, -4), state.name());
    svg.text("brief", box.centre().plus(0, 17), "%d: %s".formatted(state.number(), state.brief()));
  }
}
