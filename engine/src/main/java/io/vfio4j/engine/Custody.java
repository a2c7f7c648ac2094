// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

/** Who owns the device, as a side knows it; it only ever goes forward. */
enum Custody {
  /** The source does, and takes its device back on any error. */
  SOURCE,
  /** Between <em>yours</em> and <em>confirmed</em>: only the target's word counts. */
  PASSING,
  /** The target does. */
  TARGET
}
