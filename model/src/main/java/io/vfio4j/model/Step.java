// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import java.util.List;

/**
 * One thing that a user asks of a device on a {@link Way}.
 *
 * @param <S> the states of the version
 */
public sealed interface Step<S> {

  /** Returns where the step leads. */
  S to();

  /** Returns the states that the device takes, {@link #to} the last of them. */
  List<S> through();

  /**
   * A request for a state: a SET of version 2, a write of version 1.
   *
   * @param through the states that the device takes, without the one in which it is; version 1 shows just the
   *     last
   */
  record Move<S>(List<S> through) implements Step<S> {

    public Move {
      through = List.copyOf(through);
    }

    @Override
    public S to() {
      return through.getLast();
    }
  }

  /**
   * A reset of the device.
   *
   * @param to RUNNING
   */
  record Reset<S>(S to) implements Step<S> {

    @Override
    public List<S> through() {
      return List.of(to);
    }
  }
}
