// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.plan;

import java.util.List;

/**
 * One thing that a user asks of a device on a {@link Route}.
 *
 * @param <S> the states of the version
 */
public sealed interface Step<S> {

  /** Returns where the step leads. */
  S to();

  /** Returns the states that the device takes, {@link #to} the last of them. */
  List<S> path();

  /**
   * A request for a state: a SET of version 2, a write of version 1.
   *
   * @param path the states that the device takes, without the one in which it is; version 1 shows just the
   *     last
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
