// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.transport;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Who is at the other end of a connection is not who may be there, or does not take us for who we are. */
public final class PeerRefusedException extends IOException {

  private static final long serialVersionUID = 1;

  /** Why. */
  public enum Reason {
    /** It showed no certificate. */
    NO_CERTIFICATE,
    /** Its certificate is not valid any more. */
    EXPIRED,
    /** Its certificate is not valid yet. */
    NOT_YET_VALID,
    /** Its certificate is not signed by our authority, or must not be used for this. */
    WRONG_AUTHORITY,
    /** Its certificate is for another host. */
    WRONG_NAME,
    /** It does not speak TLS. */
    NOT_TLS,
    /** It speaks TLS, but nothing as new as 1.3. */
    OLD_TLS,
    /** It refused us. */
    REFUSED_US,
    /** It took too long to say who it is. */
    TOO_SLOW,
    /** It went away before it had said who it is. */
    GONE,
    /** Too many others wait to say who they are. */
    CROWDED_OUT,
    /** What it sent is broken TLS. */
    BROKEN,
    /** It runs for another user. */
    WRONG_USER,
    /** What it sent is not the beginning of a migration stream that is understood here. */
    NO_STREAM,
    /** It gave up before it said what it wants. */
    ABORTED
  }

  private final String peer;
  private final Reason reason;

  PeerRefusedException(String peer, Reason reason, String words, @Nullable Throwable cause) {
    super(peer + ": " + words, cause);
    this.peer = peer;
    this.reason = reason;
  }

  /** Returns who it is, by its address. */
  public String peer() {
    return peer;
  }

  /** Returns why it was refused. */
  public Reason reason() {
    return reason;
  }
}
