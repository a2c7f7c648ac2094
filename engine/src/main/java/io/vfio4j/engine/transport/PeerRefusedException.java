// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.transport;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A peer was not accepted, or did not accept us. */
public final class PeerRefusedException extends IOException {

  private static final long serialVersionUID = 1;

  /** Why the peer was rejected. */
  public enum Reason {
    /** It sent no certificate. */
    NO_CERTIFICATE,
    /** Its certificate has expired. */
    EXPIRED,
    /** Its certificate is not valid yet. */
    NOT_YET_VALID,
    /** Its certificate is not signed by the trusted CA, or not permitted for this use. */
    WRONG_AUTHORITY,
    /** Its certificate is for another host. */
    WRONG_NAME,
    /** It does not speak TLS. */
    NOT_TLS,
    /** It does not support TLS 1.3. */
    OLD_TLS,
    /** It rejected our certificate, or ended the handshake. */
    REFUSED_US,
    /** Its handshake, or its first frame, took too long. */
    TOO_SLOW,
    /** It disconnected during its handshake, or before its first frame. */
    GONE,
    /** It was evicted: too many peers were pending. */
    CROWDED_OUT,
    /** Its TLS is invalid, or its connection failed. */
    BROKEN,
    /** It runs as another user. */
    WRONG_USER,
    /** What it sent does not begin like a migration stream of a supported version. */
    NO_STREAM,
    /** It aborted before its first frame. */
    ABORTED
  }

  private final String peer;
  private final Reason reason;

  PeerRefusedException(String peer, Reason reason, String message, @Nullable Throwable cause) {
    super(peer + ": " + message, cause);
    this.peer = peer;
    this.reason = reason;
  }

  /** Returns its address. */
  public String peer() {
    return peer;
  }

  public Reason reason() {
    return reason;
  }
}
