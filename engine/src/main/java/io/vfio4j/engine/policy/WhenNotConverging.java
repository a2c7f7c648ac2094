// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.policy;

/** What to do if the predicted downtime does not fit the limit at the deadline. */
public enum WhenNotConverging {
  /** Continue pre-copy until it fits or an operator ends the migration. */
  WAIT,
  /** End the migration, with the source running. */
  ABORT,
  /** Switch over, with a longer downtime. */
  FORCE
}
