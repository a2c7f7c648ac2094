// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.stream;

import io.vfio4j.engine.MigrationId;
import java.util.Optional;

/** The frames of a migration stream, and how long each may be. */
public enum FrameKind {
  HELLO(1, 0, 1 << 16, "introduces itself"),
  READY(2, 0, TargetCosts.BYTES, "is ready"),
  DATA(3, 1, FrameHeader.MAX_PAYLOAD, "sends data"),
  ROUND(4, 4, 4, "ended a round"),
  ALIVE(5, 0, 0, "is alive"),
  END(6, StreamDigest.BYTES, StreamDigest.BYTES, "sent everything"),
  LOADED(7, 0, 0, "has loaded everything"),
  COMMIT(8, 0, 0, "gives the device away"),
  CONFIRMED(9, 24, 24, "runs the device"),
  RETURNED(10, 0, PeerText.MAX_BYTES, "gave the device back"),
  ABORT(11, 0, PeerText.MAX_BYTES, "gave up"),
  FAILED(12, 0, PeerText.MAX_BYTES, "failed"),
  MEMORY(13, 1, FrameHeader.MAX_PAYLOAD, "sends memory"),
  JOIN(14, MigrationId.BYTES + Integer.BYTES, MigrationId.BYTES + Integer.BYTES, "adds a connection"),
  INITIAL(15, 0, 0, "sent all initial data of a device"),
  INITIAL_LOADED(16, 0, 0, "has loaded all initial data of a device"),
  ASK(17, MigrationId.BYTES, MigrationId.BYTES, "asks who owns the devices"),
  ANSWER(18, Integer.BYTES, Integer.BYTES + PeerText.MAX_BYTES, "answers who owns the devices"),
  SAVED(19, SaveTrailer.BYTES, SaveTrailer.BYTES, "says what became of the source of a file"),
  SYNC(20, 0, 0, "asks whether all that it sent has been loaded"),
  SYNCED(21, 0, 0, "has loaded all that was sent");

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

  /** Returns what a side does that sends this frame. */
  public String verb() {
    return verb;
  }

  /** Returns the flags that a frame of it may have besides {@link FrameHeader#SKIPPABLE}. */
  int flags() {
    return (this == DATA ? FrameHeader.ENDS_SEGMENT : 0) | (isBulk() ? FrameHeader.COMPRESSED : 0);
  }

  /** Tells whether a frame of it is about a device, or in the place of one about a connection, which its header names. */
  boolean namesDevice() {
    return this == DATA || this == INITIAL || this == INITIAL_LOADED || this == SYNCED;
  }

  /** Tells whether a frame of it may be so long that it takes a while to come. */
  boolean isBulk() {
    return this == DATA || this == MEMORY;
  }

  /** Tells whether the side that sends this frame has nothing to say after it, not even that it is alive. */
  boolean isFinal() {
    return this == COMMIT || this == CONFIRMED || isFailure();
  }

  /** Tells whether the side that sends this frame says with it that the migration has failed. */
  public boolean isFailure() {
    return this == RETURNED || this == ABORT || this == FAILED;
  }
}
