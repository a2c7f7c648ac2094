// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import java.util.Optional;

/**
 * What a thing of one version of the protocol is in the other.
 *
 * @param <S> the kind of thing in the other version
 */
public sealed interface Counterpart<S> {

  /**
   * There is one.
   *
   * @param same what it is there
   * @param difference what is not quite the same, for people; empty where nothing is to be said
   */
  record Found<S>(S same, Optional<String> difference) implements Counterpart<S> {
  }

  /**
   * There is none.
   *
   * @param reason why, for people
   */
  record None<S>(String reason) implements Counterpart<S> {
  }

  /** Returns the counterpart, if there is one. */
  default Optional<S> found() {
    return switch (this) {
      case Found<S>(S same, Optional<String> _) -> Optional.of(same);
      case None<S> _ -> Optional.empty();
    };
  }
}
