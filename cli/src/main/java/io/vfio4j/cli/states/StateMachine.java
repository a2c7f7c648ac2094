// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.states;

import io.vfio4j.model.plan.Plan;
import java.util.List;

/**
 * A device's state machine, of one of the versions.
 *
 * @param <S> the states of the version
 */
sealed interface StateMachine<S> permits StateMachineV1, StateMachineV2 {

  /** Returns the number of the version. */
  int version();

  /** Returns what the device has, by the names that {@code --features} takes. */
  List<String> features();

  /** Returns the same in a few words. */
  String summary();

  /** Returns the states and arcs that the device has. */
  StateGraph graph();

  /**
   * Reads a state.
   *
   * @throws IllegalArgumentException if there is none such; the message is for people
   */
  S parse(String text);

  /** Plans from a state to another. */
  Plan<S> plan(S from, S to);

  /** Tells why there is no way at all from a state to another. */
  String unreachableReason(S from, S to);
}
