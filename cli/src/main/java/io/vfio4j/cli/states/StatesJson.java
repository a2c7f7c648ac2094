// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.states;

import com.google.gson.JsonObject;
import io.vfio4j.cli.Json;
import java.util.List;
import java.util.function.Predicate;

/** States and arcs for programs. */
record StatesJson(StateMap map) {

  JsonObject build() {
    return Json.event("states").with("version", map.version()).with("features", map.features())
        .with("states", map.states(), StatesJson::json).with("arcs", map.arcs(), StatesJson::json)
        .with("sessions", List.of(Session.SAVING, Session.RESUMING), this::json).build();
  }

  private static JsonObject json(ShownState state) {
    return Json.object().with("name", state.name()).with("number", state.number())
        .with("needs", state.needs()).with("meaning", state.meaning()).with("running", state.running())
        .with("session", state.session().key()).build();
  }

  private static JsonObject json(ShownArc arc) {
    return Json.object().with("from", arc.from()).with("to", arc.to()).with("class", arc.need().key())
        .with("needs", arc.needs()).build();
  }

  private JsonObject json(Session session) {
    return Json.object().with("kind", session.key())
        .with("states",
            map.states().stream().filter(state -> state.session() == session).map(ShownState::name).toList())
        .with("opened_by", arcs(arc -> arc.opens() && arc.after() == session), StatesJson::ends)
        .with("kept_by", arcs(arc -> arc.before() == session && arc.after() == session), StatesJson::ends)
        .with("ended_by", arcs(arc -> arc.ends() && arc.before() == session), StatesJson::ends).build();
  }

  private List<ShownArc> arcs(Predicate<ShownArc> chosen) {
    return map.arcs().stream().filter(chosen).toList();
  }

  private static JsonObject ends(ShownArc arc) {
    return Json.object().with("from", arc.from()).with("to", arc.to()).build();
  }
}
