// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.plan;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiPredicate;
import java.util.function.Predicate;

/**
 * The states of a device and the arcs between them, for the search for ways.
 *
 * @param states all but ERROR
 * @param hasArc whether an arc leads from a state to another
 * @param isPassable whether a way may pass through a state: not through RESUMING, which ends with the loading of
 *     what was never written
 */
record ArcGraph<S>(List<S> states, BiPredicate<S, S> hasArc, Predicate<S> isPassable) {

  /** Tells whether the device can take a path arc by arc. */
  boolean isPath(List<S> path) {
    for (int i = 1; i < path.size(); i++) {
      if (!hasArc.test(path.get(i - 1), path.get(i))) {
        return false;
      }
    }
    return true;
  }

  /**
   * Returns the paths that visit no state twice and have no shortcut within: an arc that saves a part of the
   * path, other than the one from its start to its end.
   */
  List<List<S>> paths(S from, S to) {
    List<List<S>> found = new ArrayList<>();
    extend(List.of(from), to, found);
    return found;
  }

  private void extend(List<S> path, S to, List<List<S>> found) {
    for (S next : states) {
      if (!path.contains(next) && hasArc.test(path.getLast(), next) && !hasShortcutTo(path, next, to)) {
        List<S> longer = new ArrayList<>(path);
        longer.add(next);
        if (next.equals(to)) {
          found.add(longer);
        } else if (isPassable.test(next)) {
          extend(longer, to, found);
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
