// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit;

/** A way in which a {@link MisbehavingDevice} breaks the protocol, or makes use of what it leaves open. */
public enum Misbehaviour {
  // Opening and reset.

  /** It is in STOP when it was just opened. */
  STARTS_IN_STOP,
  /** A reset leaves it in the state it was in. */
  RESET_CHANGES_NOTHING,
  /** A reset does not end the session. */
  RESET_KEEPS_SESSIONS,
  /** Closing it changes nothing, and whoever opens it next finds it as it was. Allowed. */
  STATE_OUTLIVES_CLOSE,
  /** As before, and it dies when it is then set running: as a driver of the kernel's samples does. */
  LOST_AFTER_CLOSE,

  // Moves.

  /** A request without a way is refused, but with EIO. */
  WRONG_ERRNO,
  /** A request for the state it is in is refused. */
  REFUSES_CURRENT_STATE,
  /** A refused request in RUNNING leaves it in STOP. */
  REFUSAL_MOVES,
  /** A refusal says that it reached STOP, which is not so. */
  REFUSAL_REPORTS_WRONG_STATE,
  /** It says that it went from RUNNING to STOP and stays where it is. */
  REPORTS_MOVE_WITHOUT_MOVING,
  /** It can be sent to ERROR. */
  ACCEPTS_ERROR,
  /** It goes from STOP_COPY to pre-copy. */
  RETURNS_TO_PRE_COPY,
  /** It leaves ERROR without a reset. */
  LEAVES_ERROR,
  /** It goes to states for which it has no feature. */
  ACCEPTS_UNSUPPORTED_STATES,
  /** It takes numbers for which there is no state. */
  ACCEPTS_UNKNOWN_STATE_NUMBERS,
  /** On its way from RUNNING to STOP it passes through PRE_COPY. */
  TAKES_DETOUR,
  /** It passes over the states on the way. */
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
  /** A session can be used when it is over. */
  SESSION_OUTLIVES_STATE,
  /** A session that is over says EIO instead of ENODEV. */
  ENDED_SESSION_WRONG_ERRNO,
  /** Asked behind the user's side, it gives and takes data though no session is open. */
  SERVES_WITHOUT_SESSION,

  // Reading a state.

  /** Before it is stopped it says that the state has ended. */
  ENDS_IN_PRE_COPY,
  /** In STOP_COPY it says "nothing now" instead of the end. */
  NEVER_ENDS,
  /** After the end there is more. */
  CONTINUES_AFTER_END,
  /** It tells pre-copy info in STOP_COPY. */
  INFO_IN_STOP_COPY,
  /** It refuses pre-copy info in STOP_COPY with EIO. */
  INFO_WRONG_ERRNO,
  /** The initial bytes stay the same. */
  INITIAL_BYTES_NEVER_DECREASE,
  /** There are never initial bytes. Allowed. */
  NO_INITIAL_BYTES,
  /** It announces a length that is far too small. */
  UNDERESTIMATES_LENGTH,
  /** It announces a length only in RUNNING. */
  ESTIMATES_LENGTH_IN_RUNNING_ONLY,

  // Writing a state.

  /** It loads nothing, and is content. */
  ACCEPTS_EMPTY,
  /** It loads states without their end. */
  ACCEPTS_TRUNCATED,
  /** It loads states with something behind their end. */
  ACCEPTS_TRAILING_DATA,
  /** It loads states of which bytes have changed. */
  ACCEPTS_CORRUPT,
  /** It loads what is no state of such a device. */
  ACCEPTS_FOREIGN,
  /** It refuses writes of odd sizes. */
  REFUSES_ODD_SIZES,
  /** What was loaded changes. */
  LOADED_STATE_DIFFERS,
  /** It loads a state of which a write was refused. Allowed. */
  LOADS_AFTER_REFUSAL,
  /** Once it has refused a state it takes none any more, even after a reset. */
  CORRUPTED_BY_REFUSAL,

  // Logging of DMA.

  /** It starts its log without ranges. */
  LOGS_NO_RANGES,
  /** It starts its log with ranges that overlap. */
  LOGS_OVERLAP,
  /** It starts its log with ranges that are not aligned. */
  LOGS_MISALIGNED,
  /** It starts its log with an empty range. */
  LOGS_EMPTY_RANGE,
  /** It starts its log with a range beyond the last address. */
  LOGS_WRAP_AROUND,
  /** It starts its log with more ranges than fit in a page. */
  LOGS_TOO_MANY,
  /** It starts its log with a page size that is no power of two. */
  LOGS_ODD_PAGE_SIZES,
  /** It starts a log that is on. Allowed. */
  LOG_STARTS_TWICE,
  /** It stops a log that is off. Allowed. */
  LOG_STOPS_TWICE,
  /** It reports a log that is off. Allowed. */
  REPORTS_WITHOUT_LOG,
  /** It reports in pages of any size. */
  REPORTS_ANY_PAGE_SIZE,
  /** It refuses to report in pages above 2 MiB. */
  REPORTS_SMALL_PAGES_ONLY,
  /** A report clears bits of the bitmap. */
  REPORT_CLEARS_BITS,
  /** A report does not clear the log. */
  REPORT_KEEPS_LOG,
  /** It does not log what it writes. */
  LOG_LOSES_PAGES,
  /** What was logged is still there after a stop and a start. */
  LOG_OUTLIVES_STOP,
  /** It cannot report once it is stopped. */
  LOG_ENDS_WITH_RUNNING,

  // Regions.

  /** Its config space cannot be read while it is stopped. */
  CONFIG_SPACE_STOPS
}
