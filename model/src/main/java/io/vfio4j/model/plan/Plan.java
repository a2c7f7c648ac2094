// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.plan;

import java.util.List;
import java.util.Optional;

/**
 * All ways to get a device from a state to another, best first.
 *
 * @param <S> the states of the version
 * @param from where the device is
 * @param to where it is to go
 * @param isStateNeeded whether the state that the device holds is still wanted at the end: not where another is
 *     going to be loaded over it, nor out of ERROR, where it is lost
 * @param routes the ways in the order of their ranks; none where there is no way at all
 */
public record Plan<S>(S from, S to, boolean isStateNeeded, List<Route<S>> routes) {

  public Plan {
    routes = List.copyOf(routes);
  }

  /** Returns the way that a single request takes; empty where the device answers it EINVAL. */
  public Optional<Route<S>> singleRequest() {
    return routes.stream().filter(Route::isSingleRequest).findFirst();
  }

  /**
   * Returns the way to take: the first that is not discouraged and loses no state that is still wanted.
   *
   * @return empty where every way asks for somebody's decision, or there is none
   */
  public Optional<Route<S>> best() {
    return best(isStateNeeded);
  }

  /**
   * Returns the way to take, as {@link #best()} does.
   *
   * @param keepState whether the state held must not be lost
   */
  public Optional<Route<S>> best(boolean keepState) {
    return routes.stream().filter(way -> !way.isDiscouraged() && !(keepState && way.losesState()))
        .findFirst();
  }
}
