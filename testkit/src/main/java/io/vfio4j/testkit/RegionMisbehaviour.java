// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit;

/** A way in which a {@link MisbehavingRegion} violates version 1 of the protocol. */
public enum RegionMisbehaviour {
  // The region.

  /** device_state has a reserved bit set after a reset. */
  STARTS_WITH_RESERVED_BIT,
  /** The reserved field reads as ones. */
  RESERVED_FIELD_READS_ONES,
  /** Accepts accesses that do not cover a whole field. */
  ACCEPTS_ANY_WIDTH,

  // device_state.

  /** Accepts ERROR. */
  ACCEPTS_ERROR,
  /** Accepts RESUMING with RUNNING, and ignores it. */
  ACCEPTS_INVALID,
  /** Accepts NDMA although the region lacks that capability. */
  ACCEPTS_NDMA,
  /** Drops written reserved bits. */
  DROPS_RESERVED_BITS,
  /** Lacks the transition from STOP_COPY back to RUNNING. */
  REJECTS_ABORT,
  /** Is in STOP after it refused a write in RUNNING. */
  REFUSAL_STOPS,
  /** Refuses invalid values with EIO. */
  WRONG_ERRNO,
  /** Captures its state before it loads, from RESUMING to STOP_COPY. */
  CAPTURES_BEFORE_LOAD,
  /** A reset changes neither the field nor the device. */
  RESET_CHANGES_NOTHING,

  // Data.

  /** Reading pending_bytes twice loses a segment. */
  PENDING_READ_HAS_EFFECT,
  /** Repeats a segment that was acknowledged. */
  REPEATS_SEGMENT,
  /** Segments lie in the header. */
  SEGMENTS_IN_HEADER,
  /** Segments extend beyond the region. */
  SEGMENTS_TOO_LONG,
  /** Reports nothing pending after the first segment of a stopped device. */
  ENDS_EARLY,
  /** A segment reads as zeros the second time. */
  READS_ONCE,
  /** Accepts segments longer than its window in RESUMING. */
  ACCEPTS_HUGE_SEGMENTS,
  /** A write of data_size while the device is stopped drives it into ERROR. */
  DATA_SIZE_FAILS_IN_STOP
}
