// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.states;

import io.vfio4j.cli.svg.Arrow;
import io.vfio4j.cli.svg.Point;
import io.vfio4j.cli.svg.Svg;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The diagram as a self-contained SVG file. */
final class SvgDiagram {

  private final StateGraph graph;
  private final DiagramLayout layout;
  private final Svg svg = new Svg();
  private final List<ArcView> undrawn = new ArrayList<>();

  private SvgDiagram(StateGraph graph, DiagramLayout layout) {
    this.graph = graph;
    this.layout = layout;
  }

  static SvgDiagram of(StateGraph graph) {
    return new SvgDiagram(graph, DiagramLayout.of(graph.version()));
  }

  String text() {
    savingGroup();
    graph.arcs().forEach(this::arc);
    reset();
    graph.states().forEach(this::state);
    SvgLegend legend = new SvgLegend(graph, undrawn);
    legend.draw(svg, new Point(30, layout.height() + 20));
    return Svg.file(graph.title(), SvgStyle.CSS, layout.width(), layout.height() + 20 + legend.height(), svg);
  }

  private void savingGroup() {
    if (graph.states().stream().anyMatch(StateView::isSaving)) {
      Point corner = layout.saving();
      svg.rect("saving", corner, layout.savingEnd().x() - corner.x(), layout.savingEnd().y() - corner.y(),
          18);
      svg.text("saving-name", new Point(layout.savingEnd().x() - 12, corner.y() - 8),
          graph.version() == 1 ? "saving group: SAVING is set" : "saving group: one session throughout");
    }
  }

  private void arc(ArcView arc) {
    Optional<Arrow> place = layout.arrow(arc, graph.hasArc(arc.to(), arc.from()));
    if (place.isEmpty()) {
      undrawn.add(arc);
      return;
    }
    Arrow arrow = place.get();
    svg.raw("  <g data-arc=\"%s\">\n".formatted(Svg.escape(arc.toString())));
    svg.arrow(arc.requirement().styleClass(), arrow);
    if (arc.endsSession()) {
      svg.circle("ends " + arc.requirement().styleClass(), arrow.afterTail(), 3.5);
    }
    if (arc.opensSession()) {
      svg.circle("opens " + arc.requirement().styleClass(), arrow.beforeTip(), 4.5);
    }
    svg.raw("  </g>\n");
  }

  private void reset() {
    if (graph.states().stream().anyMatch(StateView::isError)) {
      ArcView reset =
          new ArcView("ERROR", "RUNNING", ArcRequirement.ALWAYS, List.of(), SessionKind.NONE,
              SessionKind.NONE);
      layout.arrow(reset, false).ifPresent(arrow -> svg.arrow("reset", arrow));
    }
  }

  private void state(StateView state) {
    StateBox box = layout.box(state.name());
    String kind = state.isError() ? "error" : state.running() ? "running" : "still";
    svg.rect("box " + kind + (state.isInitial() ? " initial" : ""), new Point(box.left(), box.top()),
        StateBox.WIDTH, StateBox.HEIGHT, 14);
    svg.text("name", box.centre().plus(0, -4), state.name());
    svg.text("brief", box.centre().plus(0, 17), "%d: %s".formatted(state.number(), state.brief()));
  }
}
