// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.recording;

import org.jspecify.annotations.Nullable;

/** The kind of a record in a recording. */
public enum RecordKind {
  /** A client was accepted; the data is the name of the device. */
  CONNECTED(1),
  /** The server received bytes, with one system call. */
  RECEIVED(2),
  /** The server sent bytes. */
  SENT(3),
  /** The connection ended; the data is the reason, empty if the client closed it. */
  DISCONNECTED(4);

  private final int wireValue;

  RecordKind(int wireValue) {
    this.wireValue = wireValue;
  }

  int wireValue() {
    return wireValue;
  }

  /** Returns the kind with a number of a recording, or null if it is unknown. */
  static @Nullable RecordKind fromWire(int value) {
    return value >= 1 && value <= values().length ? values()[value - 1] : null;
  }
}
