// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.ownership;

/** Who owns the devices, as known to the source. Advances only: SOURCE, HANDOVER, TARGET. */
public enum Ownership {
  /** The source: it rolls its devices back on any error. */
  SOURCE,
  /** COMMIT may have been sent: only the target's answer counts. */
  HANDOVER,
  /** The target has confirmed. */
  TARGET
}
