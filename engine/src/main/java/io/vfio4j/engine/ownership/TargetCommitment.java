// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.ownership;

/** How far the target has committed, and so what the source may do. Advances only: NONE, LOADED, STARTING. */
public enum TargetCommitment {
  /** The target has sent nothing: the source owns the devices. */
  NONE,
  /** LOADED was sent: the source may have sent COMMIT, which has not arrived. */
  LOADED,
  /** COMMIT has arrived, and a device may have been started. */
  STARTING
}
