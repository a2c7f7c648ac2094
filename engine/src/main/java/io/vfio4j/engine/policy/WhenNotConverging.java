// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.policy;

/** What is done if the predicted downtime still does not fit at the deadline. */
public enum WhenNotConverging {
  /** Goes on for as long as it takes, or until somebody ends it. */
  WAIT,
  /** Ends the migration, with the source running. */
  ABORT,
  /** Switches over, and accepts a longer downtime. */
  FORCE
}
