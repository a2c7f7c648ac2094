// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.v1;

import java.util.Optional;

/**
 * The counterpart of a state or arc in the other version of the protocol.
 *
 * @param <S> the type of the counterpart
 */
public sealed interface StateMapping<S> {

  /**
   * There is a counterpart.
   *
   * @param value the counterpart
   * @param difference a difference in meaning, for messages; empty if there is none
   */
  record Match<S>(S value, Optional<String> difference) implements StateMapping<S> {
  }

  /**
   * There is no counterpart.
   *
   * @param reason the reason, for messages
   */
  record NoMatch<S>(String reason) implements StateMapping<S> {
  }

  /** Returns the counterpart, if there is one. */
  default Optional<S> match() {
    return switch (this) {
      case Match<S>(S value, Optional<String> _) -> Optional.of(value);
      case NoMatch<S> _ -> Optional.empty();
    };
  }
}
