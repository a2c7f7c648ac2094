// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.stream;

import io.vfio4j.engine.MigrationId;
import java.util.Optional;

/** The kinds of frames, with the limits of their lengths and their properties (docs/migration-stream.md). */
public enum FrameKind {
  HELLO(1, 0, 1 << 16, "sent its hello"),
  READY(2, 0, TargetCosts.BYTES, "is ready"),
  DATA(3, 1, FrameHeader.MAX_PAYLOAD, "sends data"),
  ROUND(4, 4, 4, "ended a round"),
  ALIVE(5, 0, 0, "is alive"),
  END(6, StreamDigest.BYTES, StreamDigest.BYTES, "sent everything"),
  LOADED(7, 0, 0, "has loaded everything"),
  COMMIT(8, 0, 0, "handed the device over"),
  CONFIRMED(9, 24, 24, "runs the device"),
  RETURNED(10, 0, PeerText.MAX_BYTES, "returned the device"),
  ABORT(11, 0, PeerText.MAX_BYTES, "aborted"),
  FAILED(12, 0, PeerText.MAX_BYTES, "failed"),
  MEMORY(13, 1, FrameHeader.MAX_PAYLOAD, "sends memory"),
  JOIN(14, MigrationId.BYTES + Integer.BYTES, MigrationId.BYTES + Integer.BYTES, "adds a connection"),
  INITIAL(15, 0, 0, "sent all initial data of a device"),
  INITIAL_LOADED(16, 0, 0, "has loaded all initial data of a device"),
  ASK(17, MigrationId.BYTES, MigrationId.BYTES, "queries the owner of the devices"),
  ANSWER(18, Integer.BYTES, Integer.BYTES + PeerText.MAX_BYTES, "answers an ownership query"),
  SAVED(19, SaveTrailer.BYTES, SaveTrailer.BYTES, "records the outcome of the source of a file"),
  SYNC(20, 0, 0, "requests confirmation of everything sent"),
  SYNCED(21, 0, 0, "has loaded everything sent");

  private static final FrameKind[] BY_WIRE = values();

  private final int wireValue;
  private final int minLength;
  private final int maxLength;
  private final String verb;

  FrameKind(int wireValue, int minLength, int maxLength, String verb) {
    this.wireValue = wireValue;
    this.minLength = minLength;
    this.maxLength = maxLength;
    this.verb = verb;
  }

  public static Optional<FrameKind> fromWire(int value) {
    return value >= 1 && value <= BY_WIRE.length ? Optional.of(BY_WIRE[value - 1]) : Optional.empty();
  }

  public int wireValue() {
    return wireValue;
  }

  boolean isValidLength(long length) {
    return length >= minLength && length <= maxLength;
  }

  public int maxLength() {
    return maxLength;
  }

  /** Returns the predicate of a sentence about the side that sends this frame, as in {@code is ready}. */
  public String verb() {
    return verb;
  }

  /** Returns the flags that a frame of this kind may have besides {@link FrameHeader#SKIPPABLE}. */
  int flags() {
    return (this == DATA ? FrameHeader.ENDS_SEGMENT : 0) | (isBulk() ? FrameHeader.COMPRESSED : 0);
  }

  /** Returns whether the header names a device, or in its place a connection. */
  boolean namesDevice() {
    return this == DATA || this == INITIAL || this == INITIAL_LOADED || this == SYNCED;
  }

  /** Returns whether it carries bulk data, whose reception may take long. */
  boolean isBulk() {
    return this == DATA || this == MEMORY;
  }

  /** Returns whether the sender sends no frame after it, not even ALIVE. */
  boolean isFinal() {
    return this == COMMIT || this == CONFIRMED || isFailure();
  }

  /** Returns whether it reports that the migration has failed. */
  public boolean isFailure() {
    return this == RETURNED || this == ABORT || this == FAILED;
  }
}
