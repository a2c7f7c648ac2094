// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.quirk;

/**
 * A deviation of a server that a client has found, and how the client handles it.
 *
 * @param kind the kind, for programs
 * @param description the deviation in words, with its values
 */
public record ServerQuirk(Kind kind, String description) {

  /** Kinds of deviations. The first ones show when a client connects, the others when it uses the feature. */
  public enum Kind {

    /** The server speaks an older version of the protocol. */
    OLD_PROTOCOL,
    /** The server sent no capabilities, so that the protocol's default limits are in force. */
    NO_CAPABILITIES,
    /** The server's limits are lower than the protocol's defaults. */
    LOW_LIMITS,
    /** The server does not support the P2P states. */
    NO_P2P,
    /** The device was not in RUNNING when the client connected. */
    NOT_RUNNING,
    /** The server refuses to describe or to reset the device while it is stopped. */
    REFUSES_WHILE_STOPPED,
    /** The server pads data to the requested size. */
    PADS_DATA,
    /** The server does not report how much is left to read in pre-copy. */
    NO_PRE_COPY_INFO,
    /** The server reports that its device cannot be reset, and resets it. */
    DENIES_RESET,
    /** A reset leaves the migration state unchanged. */
    RESET_LEAVES_STATE
  }
}
