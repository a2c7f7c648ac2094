// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit;

/** A way in which a {@link MisbehavingRegion} breaks version 1 of the protocol. */
public enum RegionMisbehaviour {
  // The region.

  /** After a reset its field has a reserved bit set. */
  STARTS_WITH_RESERVED_BIT,
  /** The reserved field reads ones. */
  RESERVED_FIELD_READS_ONES,
  /** It takes accesses that are not to a whole field. */
  ACCEPTS_ANY_WIDTH,

  // The field.

  /** It can be written ERROR. */
  ACCEPTS_ERROR,
  /** It takes RESUMING with RUNNING, and does nothing. */
  ACCEPTS_INVALID,
  /** It takes NDMA, though its region does not have that capability. */
  ACCEPTS_NDMA,
  /** It forgets the reserved bits that were written. */
  DROPS_RESERVED_BITS,
  /** It lacks the way back from STOP_COPY to RUNNING. */
  REJECTS_ABORT,
  /** A refused write in RUNNING leaves it in STOP. */
  REFUSAL_STOPS,
  /** It refuses what may not be written with EIO. */
  WRONG_ERRNO,
  /** Sent from RESUMING to STOP_COPY it captures, and only then it loads. */
  CAPTURES_BEFORE_LOAD,
  /** A reset leaves the field as it was, and the device too. */
  RESET_CHANGES_NOTHING,

  // Data.

  /** To read pending_bytes twice loses a segment. */
  PENDING_READ_HAS_EFFECT,
  /** It gives out a segment again that was acknowledged. */
  REPEATS_SEGMENT,
  /** Its segments lie in the header. */
  SEGMENTS_IN_HEADER,
  /** Its segments end beyond the region. */
  SEGMENTS_TOO_LONG,
  /** It says that nothing is pending after the first segment of a stopped device. */
  ENDS_EARLY,
  /** What was read of a segment is zeros when it is read again. */
  READS_ONCE,
  /** In RESUMING it takes segments longer than its window. */
  ACCEPTS_HUGE_SEGMENTS,
  /** A segment that is handed over to the stopped device drives it into ERROR. */
  DATA_SIZE_FAILS_IN_STOP
}
