// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.states;

import com.google.gson.JsonObject;
import io.vfio4j.cli.base.Json;
import io.vfio4j.model.plan.Plan;
import io.vfio4j.model.plan.Route;
import io.vfio4j.model.plan.Step;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** Tells a plan, to people and to programs. */
record PlanReport<S>(StateMachine<S> machine, Plan<S> plan) {

  boolean hasPath() {
    return !plan.routes().isEmpty();
  }

  List<String> lines() {
    List<String> lines = new ArrayList<>();
    lines.add("%s to %s: version %d, %s".formatted(plan.from(), plan.to(), machine.version(),
        machine.summary()));
    if (!hasPath()) {
      lines.add("No way: %s.".formatted(machine.unreachableReason(plan.from(), plan.to())));
      return lines;
    }
    if (plan.singleRequest().isEmpty()) {
      lines.add("A single request is answered EINVAL.");
    }
    for (Route<S> way : plan.routes()) {
      lines.add("");
      lines.add("%2d. %s".formatted(way.rank(), way));
      lines.add("    " + label(way));
      way.reasons().forEach(reason -> lines.add("    - " + reason));
    }
    lines.add("");
    lines.add(advice());
    return lines;
  }

  private String label(Route<S> way) {
    String kind = switch (way.kind()) {
      case STAY -> "there already";
      case DIRECT -> "direct";
      case COMBINATION -> "combination";
      case VIA_STOP -> "by way of STOP";
      case VIA_RUNNING -> "by way of RUNNING";
      case DETOUR -> "detour";
      case RESET -> "by reset";
    };
    return kind + (way.isSpecified() ? "" : ", a further way") + describeRequests(way);
  }

  /** Where one request takes several arcs, the path does not show what to ask for. */
  private static <S> String describeRequests(Route<S> way) {
    boolean eachArcAsked = way.steps().stream().allMatch(step -> step.path().size() == 1);
    if (eachArcAsked || way.isSingleRequest()) {
      return "";
    }
    return "; ask for " + way.steps().stream().map(
        step -> step instanceof Step.Reset<S> ? "a reset" : step.to().toString())
        .collect(Collectors.joining(", "));
  }

  private String advice() {
    return plan.best().map(way -> "Take way %d.".formatted(way.rank()))
        .orElse("No way suits everybody: each loses the state that the device holds, or is discouraged.");
  }

  /** Fields that a plan does not have are left out. */
  JsonObject json() {
    Json json = Json.event("plan").with("version", machine.version()).with("from", plan.from().toString())
        .with("to", plan.to().toString()).with("features", machine.features())
        .with("result", plan.singleRequest().isPresent() ? "OK" : "EINVAL");
    plan.singleRequest().ifPresent(way -> json.with("path", names(way.path())));
    plan.best().ifPresent(way -> json.with("best", way.rank()));
    return json.with("ways", plan.routes(), PlanReport::json).build();
  }

  private static <S> JsonObject json(Route<S> way) {
    return Json.object().with("rank", way.rank()).with("kind", way.kind().name().toLowerCase(Locale.ROOT))
        .with("path", names(way.path())).with("steps", way.steps(), PlanReport::json)
        .with("loses_state", way.losesState()).with("discouraged", way.isDiscouraged())
        .with("from_table", way.isSpecified()).with("reasons", way.reasons()).build();
  }

  private static <S> JsonObject json(Step<S> step) {
    return Json.object().with("action", step instanceof Step.Reset<S> ? "reset" : "set")
        .with("to", step.to().toString()).with("through", names(step.path())).build();
  }

  private static <S> List<String> names(List<S> states) {
    return states.stream().map(String::valueOf).toList();
  }
}
