// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.states;

import com.google.gson.JsonObject;
import io.vfio4j.cli.base.Json;
import java.util.List;
import java.util.function.Predicate;

/** The states and arcs as JSON. */
record StatesJson(StateGraph graph) {

  JsonObject build() {
    return Json.event("states").with("version", graph.version()).with("features", graph.features())
        .with("states", graph.states(), StatesJson::json).with("arcs", graph.arcs(), StatesJson::json)
        .with("sessions", List.of(SessionKind.SAVING, SessionKind.RESUMING), this::json).build();
  }

  private static JsonObject json(StateView state) {
    return Json.object().with("name", state.name()).with("number", state.number())
        .with("needs", state.features()).with("meaning", state.meaning()).with("running", state.running())
        .with("session", state.session().key()).build();
  }

  private static JsonObject json(ArcView arc) {
    return Json.object().with("from", arc.from()).with("to", arc.to()).with("class", arc.requirement().key())
        .with("needs", arc.features()).build();
  }

  private JsonObject json(SessionKind session) {
    return Json.object().with("kind", session.key())
        .with("states",
            graph.states().stream().filter(state -> state.session() == session).map(StateView::name).toList())
        .with("opened_by", arcs(arc -> arc.opensSession() && arc.after() == session), StatesJson::ends)
        .with("kept_by", arcs(arc -> arc.before() == session && arc.after() == session), StatesJson::ends)
        .with("ended_by", arcs(arc -> arc.endsSession() && arc.before() == session), StatesJson::ends)
        .build();
  }

  private List<ArcView> arcs(Predicate<ArcView> chosen) {
    return graph.arcs().stream().filter(chosen).toList();
  }

  private static JsonObject ends(ArcView arc) {
    return Json.object().with("from", arc.from()).with("to", arc.to()).build();
  }
}
