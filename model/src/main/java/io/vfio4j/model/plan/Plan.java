// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.plan;

import java.util.List;
import java.util.Optional;

/**
 * All routes of a device from one state to another, best first.
 *
 * @param <S> the states of the version
 * @param from the current state
 * @param to the target
 * @param isStateNeeded whether the state held by the device is still needed at the end: not if another state
 *     will be loaded over it, nor in ERROR, where it is lost
 * @param routes the routes in the order of their ranks; none if the target cannot be reached
 */
public record Plan<S>(S from, S to, boolean isStateNeeded, List<Route<S>> routes) {

  public Plan {
    routes = List.copyOf(routes);
  }

  /** Returns the route that a single request takes; empty if the device would answer it with EINVAL. */
  public Optional<Route<S>> singleRequest() {
    return routes.stream().filter(Route::isSingleRequest).findFirst();
  }

  /**
   * Returns the route to take: the first that is not discouraged and loses no state that is needed.
   *
   * @return empty if there is no route, or every route needs an operator's decision
   */
  public Optional<Route<S>> best() {
    return best(isStateNeeded);
  }

  /**
   * Returns the route to take, as {@link #best()} does.
   *
   * @param keepState whether the state held by the device must not be lost
   */
  public Optional<Route<S>> best(boolean keepState) {
    return routes.stream().filter(route -> !route.isDiscouraged() && !(keepState && route.losesState()))
        .findFirst();
  }
}
