// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.handover;

import java.util.Optional;

/** The kinds of records in the image of a connection, in the order in which they appear. */
public enum RecordKind {
  /** What was negotiated, and the sockets; exactly one, the first. */
  CONNECTION(1),
  /** The content of config space, which is not part of a device's migration state; at most one. */
  CONFIG_SPACE(2),
  /** A command of the VMM that sets the device up: DMA_MAP or DEVICE_SET_IRQS, as on the wire. */
  SETUP(3),
  /** The eventfds of the doorbells of a region. */
  DOORBELLS(4),
  /** A region whose memory the VMM has, and may have mapped. */
  MAPPED_REGION(5),
  /** Bytes that were received and not handled. */
  INPUT(6);

  private final int wireValue;

  RecordKind(int wireValue) {
    this.wireValue = wireValue;
  }

  int wireValue() {
    return wireValue;
  }

  static Optional<RecordKind> fromWire(int value) {
    return value >= 1 && value <= values().length ? Optional.of(values()[value - 1]) : Optional.empty();
  }
}
