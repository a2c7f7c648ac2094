// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.plan;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiPredicate;
import java.util.function.Predicate;

/**
 * The graph of a device's states and arcs, in which routes are searched.
 *
 * @param states all states but ERROR
 * @param hasArc whether an arc leads from a state to another
 * @param isPassable whether a route may pass through a state: not through RESUMING, since leaving it loads a
 *     state, and none has been written
 */
record ArcGraph<S>(List<S> states, BiPredicate<S, S> hasArc, Predicate<S> isPassable) {

  /** Returns whether each step of a path is an arc. */
  boolean isPath(List<S> path) {
    for (int i = 1; i < path.size(); i++) {
      if (!hasArc.test(path.get(i - 1), path.get(i))) {
        return false;
      }
    }
    return true;
  }

  /**
   * Returns the paths that visit no state twice and have no shortcut: an arc that skips part of the path,
   * other than one from its start to its end.
   */
  List<List<S>> paths(S from, S to) {
    List<List<S>> paths = new ArrayList<>();
    extend(List.of(from), to, paths);
    return paths;
  }

  private void extend(List<S> path, S to, List<List<S>> paths) {
    for (S next : states) {
      if (!path.contains(next) && hasArc.test(path.getLast(), next) && !hasShortcutTo(path, next, to)) {
        List<S> longer = new ArrayList<>(path);
        longer.add(next);
        if (next.equals(to)) {
          paths.add(longer);
        } else if (isPassable.test(next)) {
          extend(longer, to, paths);
        }
      }
    }
  }

  private boolean hasShortcutTo(List<S> path, S next, S to) {
    for (int i = 0; i < path.size() - 1; i++) {
      boolean isWhole = i == 0 && next.equals(to);
      if (!isWhole && hasArc.test(path.get(i), next)) {
        return true;
      }
    }
    return false;
  }
}
