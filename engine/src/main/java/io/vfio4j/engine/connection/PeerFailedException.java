// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.connection;

import io.vfio4j.engine.Side;
import io.vfio4j.engine.stream.FrameKind;
import java.io.IOException;

/** The peer reported that it failed, aborted, or returned the device. */
public final class PeerFailedException extends IOException {

  private static final long serialVersionUID = 1;

  private final FrameKind kind;
  private final String reason;

  PeerFailedException(Side peer, FrameKind kind, String reason) {
    super("the " + peer + " " + kind.verb() + ": " + (reason.isBlank() ? "no reason given" : reason));
    this.kind = kind;
    this.reason = reason;
  }

  public FrameKind kind() {
    return kind;
  }

  public String reason() {
    return reason;
  }
}
