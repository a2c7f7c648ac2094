// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

/** What the target has said, and so what the source may do; it only ever goes forward. */
enum TargetPledge {
  /** Nothing: the source keeps its device. */
  NONE,
  /** <em>Loaded</em>: the source may have given its device away, though that has not arrived. */
  LOADED,
  /** <em>Yours</em> has arrived, and the device has not been told to run: the source waits for the target's word. */
  OWNED,
  /** The device has been told to run: if it is lost now, nobody can tell whether it did. */
  STARTING
}
