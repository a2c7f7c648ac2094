// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.util.Arrays;
import java.util.Optional;

/**
 * A target's answer to an ownership query.
 *
 * @param verdict the answer
 * @param reason the explanation
 */
public record OwnershipAnswer(Verdict verdict, String reason) {

  /** The answers; the wire value is the verdict of the ANSWER frame. */
  public enum Verdict {
    /** The target owns the devices, and they ran there. */
    COMMITTED(0),
    /** The target does not own the devices and never will: it recorded this before it answered. */
    NOT_COMMITTED(1),
    /** The target may or may not have run the devices. */
    UNSURE(2),
    /**
     * The target has no journal of this migration: the query went to the wrong host, or the journal is lost.
     */
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
