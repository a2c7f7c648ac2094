// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.ownership;

/** Who owns the device, as a side knows it; it only ever goes forward. */
public enum Ownership {
  /** The source does, and takes its device back on any error. */
  SOURCE,
  /** Between <em>yours</em> and <em>confirmed</em>: only the target's word counts. */
  HANDOVER,
  /** The target does. */
  TARGET
}
