// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.v1;

import java.util.Optional;

/**
 * What a thing of one version of the protocol is in the other.
 *
 * @param <S> the kind of thing in the other version
 */
public sealed interface StateMapping<S> {

  /**
   * There is one.
   *
   * @param value what it is there
   * @param difference what is not quite the same, for people; empty where nothing is to be said
   */
  record Match<S>(S value, Optional<String> difference) implements StateMapping<S> {
  }

  /**
   * There is none.
   *
   * @param reason why, for people
   */
  record NoMatch<S>(String reason) implements StateMapping<S> {
  }

  /** Returns the counterpart, if there is one. */
  default Optional<S> match() {
    return switch (this) {
      case Match<S>(S same, Optional<String> _) -> Optional.of(same);
      case NoMatch<S> _ -> Optional.empty();
    };
  }
}
