// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit;

/**
 * A way in which a {@link MisbehavingDevice} violates the protocol, or uses a freedom that it grants ("Allowed").
 */
public enum Misbehaviour {
  // Opening and reset.

  /** Is in STOP after opening. */
  STARTS_IN_STOP,
  /** A reset leaves the device in its state. */
  RESET_CHANGES_NOTHING,
  /** A reset does not end the session. */
  RESET_KEEPS_SESSIONS,
  /** Keeps its state when it is closed and reopened. Allowed. */
  STATE_OUTLIVES_CLOSE,
  /**
   * Keeps its state when it is closed, and dies when it is set running after that, as a sample driver of the kernel
   * does.
   */
  LOST_AFTER_CLOSE,

  // Transitions.

  /** Refuses a request without a path with EIO. */
  WRONG_ERRNO,
  /** Refuses a request for its current state. */
  REFUSES_CURRENT_STATE,
  /** Is in STOP after it refused a request in RUNNING. */
  REFUSAL_MOVES,
  /** A refusal reports that STOP was reached, which is false. */
  REFUSAL_REPORTS_WRONG_STATE,
  /** Reports the transition from RUNNING to STOP as done and stays in RUNNING. */
  REPORTS_MOVE_WITHOUT_MOVING,
  /** Accepts a request for ERROR. */
  ACCEPTS_ERROR,
  /** Goes from STOP_COPY to pre-copy. */
  RETURNS_TO_PRE_COPY,
  /** Leaves ERROR without a reset. */
  LEAVES_ERROR,
  /** Enters states whose feature it lacks. */
  ACCEPTS_UNSUPPORTED_STATES,
  /** Accepts undefined state numbers. */
  ACCEPTS_UNKNOWN_STATE_NUMBERS,
  /** Passes through PRE_COPY from RUNNING to STOP. */
  TAKES_DETOUR,
  /** Skips the intermediate states of a path. */
  TAKES_SHORTCUT,

  // Data sessions.

  /** Going from pre-copy to STOP_COPY begins another session. */
  SECOND_SESSION,
  /** Going to STOP_COPY begins no session. */
  NO_SESSION,
  /** Going to STOP begins a session. */
  UNEXPECTED_SESSION,
  /** Going from pre-copy to STOP_COPY ends the session. */
  SESSION_ENDS_EARLY,
  /** A session remains usable after it has ended. */
  SESSION_OUTLIVES_STATE,
  /** A session that has ended fails with EIO instead of ENODEV. */
  ENDED_SESSION_WRONG_ERRNO,
  /** Provides and accepts data, as seen by a probe, although no session is open. */
  SERVES_WITHOUT_SESSION,

  // Saving.

  /** Reports the end of the state before it is stopped. */
  ENDS_IN_PRE_COPY,
  /** Reports "nothing now" instead of the end in STOP_COPY. */
  NEVER_ENDS,
  /** Provides more data after the end. */
  CONTINUES_AFTER_END,
  /** Provides pre-copy info in STOP_COPY. */
  INFO_IN_STOP_COPY,
  /** Refuses pre-copy info in STOP_COPY with EIO. */
  INFO_WRONG_ERRNO,
  /** The initial bytes never decrease. */
  INITIAL_BYTES_NEVER_DECREASE,
  /** Reports no initial bytes. Allowed. */
  NO_INITIAL_BYTES,
  /** Estimates a length that is far too small. */
  UNDERESTIMATES_LENGTH,
  /** Estimates a length only in RUNNING. */
  ESTIMATES_LENGTH_IN_RUNNING_ONLY,

  // Loading.

  /** Accepts an empty state. */
  ACCEPTS_EMPTY,
  /** Accepts states without their end. */
  ACCEPTS_TRUNCATED,
  /** Accepts states with trailing data. */
  ACCEPTS_TRAILING_DATA,
  /** Accepts states with modified bytes. */
  ACCEPTS_CORRUPT,
  /** Accepts data that is not a state of such a device. */
  ACCEPTS_FOREIGN,
  /** Refuses writes of odd sizes. */
  REFUSES_ODD_SIZES,
  /** The loaded state differs from the saved one. */
  LOADED_STATE_DIFFERS,
  /** Loads a state after refusing one of its writes. Allowed. */
  LOADS_AFTER_REFUSAL,
  /** Accepts no state after it has refused one, not even after a reset. */
  CORRUPTED_BY_REFUSAL,

  // DMA logging.

  /** Starts its log without ranges. */
  LOGS_NO_RANGES,
  /** Starts its log with overlapping ranges. */
  LOGS_OVERLAP,
  /** Starts its log with misaligned ranges. */
  LOGS_MISALIGNED,
  /** Starts its log with an empty range. */
  LOGS_EMPTY_RANGE,
  /** Starts its log with a range that wraps around. */
  LOGS_WRAP_AROUND,
  /** Starts its log with more ranges than fit in a page. */
  LOGS_TOO_MANY,
  /** Starts its log with a page size that is not a power of two. */
  LOGS_ODD_PAGE_SIZES,
  /** Starts a log that is already started. Allowed. */
  LOG_STARTS_TWICE,
  /** Stops a log that is not started. Allowed. */
  LOG_STOPS_TWICE,
  /** Reports a log that is not started. Allowed. */
  REPORTS_WITHOUT_LOG,
  /** Reports in pages of any size. */
  REPORTS_ANY_PAGE_SIZE,
  /** Refuses to report in pages above 2 MiB. */
  REPORTS_SMALL_PAGES_ONLY,
  /** A report clears bits of the bitmap. */
  REPORT_CLEARS_BITS,
  /** A report does not clear the log. */
  REPORT_KEEPS_LOG,
  /** Does not log its writes. */
  LOG_LOSES_PAGES,
  /** Logged pages survive a stop and a start. */
  LOG_OUTLIVES_STOP,
  /** Cannot report once the device is stopped. */
  LOG_ENDS_WITH_RUNNING,

  // Regions.

  /** The config space cannot be read while the device is stopped. */
  CONFIG_SPACE_STOPS
}
