// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.util.Arrays;
import java.util.Optional;

/**
 * What a target says when it is asked who owns the devices of a migration.
 *
 * @param verdict the answer
 * @param reason why, for people
 */
public record OwnershipAnswer(Verdict verdict, String reason) {

  /** The answers. */
  public enum Verdict {
    /** The devices are the target's, and ran there. */
    COMMITTED(0),
    /** They are not the target's, and never will be: it has put that down before it said so. */
    NOT_COMMITTED(1),
    /** The target may or may not have run them. */
    UNSURE(2),
    /** The target knows of no such migration: it is the wrong one to ask, or has lost its journal. */
    NOT_KNOWN(3);

    private final int wireValue;

    Verdict(int wireValue) {
      this.wireValue = wireValue;
    }

    public int wireValue() {
      return wireValue;
    }

    public static Optional<Verdict> fromWire(int value) {
      return Arrays.stream(values()).filter(verdict -> verdict.wireValue == value).findFirst();
    }
  }
}
