// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.watch;

import java.util.ArrayList;
import java.util.List;

/** A list that keeps the first and the last of what is added, however long a migration lasts. */
final class Bounded<T> {

  private final int most;
  private final List<T> kept = new ArrayList<>();
  private long leftOut;

  Bounded(int most) {
    this.most = most;
  }

  void add(T element) {
    kept.add(element);
    if (kept.size() > most) {
      kept.remove(most / 2);
      leftOut++;
    }
  }

  List<T> list() {
    return List.copyOf(kept);
  }

  /** Returns how many of the middle are not kept. */
  long leftOut() {
    return leftOut;
  }
}
