// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.ownership;

/** What the target has said, and so what the source may do; it only ever goes forward. */
public enum TargetCommitment {
  /** Nothing: the source keeps its device. */
  NONE,
  /** <em>Loaded</em>: the source may have given its device away, though that has not arrived. */
  LOADED,
  /** <em>Yours</em> has arrived, and the device may have been told to run. */
  STARTING
}
