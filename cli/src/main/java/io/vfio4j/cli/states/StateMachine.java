// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.states;

import io.vfio4j.model.plan.Plan;
import java.util.List;

/**
 * A device's state machine, of either version.
 *
 * @param <S> the type of its states
 */
sealed interface StateMachine<S> permits StateMachineV1, StateMachineV2 {

  /** Returns the number of the version. */
  int version();

  /** Returns the features of the device, as {@code --features} takes them. */
  List<String> features();

  /** Returns a summary of the features. */
  String summary();

  /** Returns the states and arcs of the device. */
  StateGraph graph();

  /**
   * Parses a state.
   *
   * @throws IllegalArgumentException if there is no such state
   */
  S parse(String text);

  /** Plans from a state to another. */
  Plan<S> plan(S from, S to);

  /** Returns the reason why there is no path between two states. */
  String unreachableReason(S from, S to);
}
