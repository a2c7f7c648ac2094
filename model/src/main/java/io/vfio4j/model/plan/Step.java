// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.plan;

import java.util.List;

/**
 * A request to a device, as part of a {@link Route}.
 *
 * @param <S> the states of the version
 */
public sealed interface Step<S> {

  /** Returns the state reached by the step. */
  S to();

  /** Returns the states that the device enters; {@link #to} is the last. */
  List<S> path();

  /**
   * A request for a state: a SET of version 2, a write of version 1.
   *
   * @param path the states that the device enters, without the current one; with version 1 only the last is
   *     visible
   */
  record Move<S>(List<S> path) implements Step<S> {

    public Move {
      path = List.copyOf(path);
    }

    @Override
    public S to() {
      return path.getLast();
    }
  }

  /**
   * A reset of the device.
   *
   * @param to RUNNING
   */
  record Reset<S>(S to) implements Step<S> {

    @Override
    public List<S> path() {
      return List.of(to);
    }
  }
}
