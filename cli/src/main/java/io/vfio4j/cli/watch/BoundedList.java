// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.watch;

import java.util.ArrayList;
import java.util.List;

/** A list that keeps the first and the last of what is added, however long a migration lasts. */
final class BoundedList<T> {

  private final int capacity;
  private final List<T> kept = new ArrayList<>();
  private long omitted;

  BoundedList(int most) {
    this.capacity = most;
  }

  void add(T element) {
    kept.add(element);
    if (kept.size() > capacity) {
      kept.remove(capacity / 2);
      omitted++;
    }
  }

  List<T> list() {
    return List.copyOf(kept);
  }

  /** Returns how many of the middle are not kept. */
  long omitted() {
    return omitted;
  }
}
