// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.states;

import java.util.Optional;

/** Parses numbers of states. */
final class StateNumbers {

  private static final long MAX_U32 = 0xffff_ffffL;

  private StateNumbers() {
  }

  /** Parses a u32 in decimal or with {@code 0x}. */
  static Optional<Integer> parseU32(String text) {
    try {
      long number = Long.decode(text);
      return number >= 0 && number <= MAX_U32 ? Optional.of((int) number) : Optional.empty();
    } catch (NumberFormatException _) {
      return Optional.empty();
    }
  }
}
