// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.watch;

import java.util.ArrayList;
import java.util.List;

/** A list of bounded size that keeps its first and last elements, for migrations of any duration. */
final class BoundedList<T> {

  private final int capacity;
  private final List<T> kept = new ArrayList<>();
  private long omitted;

  BoundedList(int capacity) {
    this.capacity = capacity;
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

  /** Returns how many elements in the middle were dropped. */
  long omitted() {
    return omitted;
  }
}
