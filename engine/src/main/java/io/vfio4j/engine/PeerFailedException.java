// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.io.IOException;

/** The other side said that it failed, gave up, or gives the device back. */
final class PeerFailedException extends IOException {

  private static final long serialVersionUID = 1;

  private final FrameKind kind;
  private final String reason;

  PeerFailedException(Side peer, FrameKind kind, String reason) {
    super("the " + peer + " " + kind.verb() + ": " + (reason.isBlank() ? "no reason given" : reason));
    this.kind = kind;
    this.reason = reason;
  }

  FrameKind kind() {
    return kind;
  }

  String reason() {
    return reason;
  }
}
