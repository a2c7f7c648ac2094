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

/** Reports a plan as text or JSON. */
record PlanReport<S>(StateMachine<S> machine, Plan<S> plan) {

  boolean hasPath() {
    return !plan.routes().isEmpty();
  }

  List<String> lines() {
    List<String> lines = new ArrayList<>();
    lines.add("%s to %s: version %d, %s".formatted(plan.from(), plan.to(), machine.version(),
        machine.summary()));
    if (!hasPath()) {
      lines.add("No path: %s.".formatted(machine.unreachableReason(plan.from(), plan.to())));
      return lines;
    }
    if (plan.singleRequest().isEmpty()) {
      lines.add("A single request fails with EINVAL.");
    }
    for (Route<S> route : plan.routes()) {
      lines.add("");
      lines.add("%2d. %s".formatted(route.rank(), route));
      lines.add("    " + label(route));
      route.reasons().forEach(reason -> lines.add("    - " + reason));
    }
    lines.add("");
    lines.add(advice());
    return lines;
  }

  private String label(Route<S> route) {
    String kind = switch (route.kind()) {
      case STAY -> "already there";
      case DIRECT -> "direct";
      case COMBINATION -> "combination";
      case VIA_STOP -> "via STOP";
      case VIA_RUNNING -> "via RUNNING";
      case DETOUR -> "detour";
      case RESET -> "by reset";
    };
    return kind + (route.isSpecified() ? "" : ", an additional path") + describeRequests(route);
  }

  /** If one request takes several arcs, the path alone does not show the requests. */
  private static <S> String describeRequests(Route<S> route) {
    boolean isArcPerRequest = route.steps().stream().allMatch(step -> step.path().size() == 1);
    if (isArcPerRequest || route.isSingleRequest()) {
      return "";
    }
    return "; request " + route.steps().stream().map(
        step -> step instanceof Step.Reset<S> ? "a reset" : step.to().toString())
        .collect(Collectors.joining(", "));
  }

  private String advice() {
    return plan.best().map(route -> "Recommended: path %d.".formatted(route.rank()))
        .orElse("No path is recommended: each loses the device's state, or is discouraged.");
  }

  /** Omits fields that a plan does not have. */
  JsonObject json() {
    Json json = Json.event("plan").with("version", machine.version()).with("from", plan.from().toString())
        .with("to", plan.to().toString()).with("features", machine.features())
        .with("result", plan.singleRequest().isPresent() ? "OK" : "EINVAL");
    plan.singleRequest().ifPresent(route -> json.with("path", names(route.path())));
    plan.best().ifPresent(route -> json.with("best", route.rank()));
    return json.with("ways", plan.routes(), PlanReport::json).build();
  }

  private static <S> JsonObject json(Route<S> route) {
    return Json.object().with("rank", route.rank())
        .with("kind", route.kind().name().toLowerCase(Locale.ROOT)).with("path", names(route.path()))
        .with("steps", route.steps(), PlanReport::json).with("loses_state", route.losesState())
        .with("discouraged", route.isDiscouraged()).with("from_table", route.isSpecified())
        .with("reasons", route.reasons()).build();
  }

  private static <S> JsonObject json(Step<S> step) {
    return Json.object().with("action", step instanceof Step.Reset<S> ? "reset" : "set")
        .with("to", step.to().toString()).with("through", names(step.path())).build();
  }

  private static <S> List<String> names(List<S> states) {
    return states.stream().map(String::valueOf).toList();
  }
}
