// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.recording;

import org.jspecify.annotations.Nullable;

/** What a record of a recording tells. */
public enum RecordKind {
  /** A client was let in; the data is the name of the device. */
  CONNECTED(1),
  /** The server received bytes, with one system call. */
  RECEIVED(2),
  /** The server sent bytes. */
  SENT(3),
  /** The session is over; the data says why, or is empty if the client just left. */
  DISCONNECTED(4);

  private final int wireValue;

  RecordKind(int wireValue) {
    this.wireValue = wireValue;
  }

  int wireValue() {
    return wireValue;
  }

  /** Returns the kind with a number that came out of a file, or null where there is none. */
  static @Nullable RecordKind fromWire(int value) {
    return value >= 1 && value <= values().length ? values()[value - 1] : null;
  }
}
