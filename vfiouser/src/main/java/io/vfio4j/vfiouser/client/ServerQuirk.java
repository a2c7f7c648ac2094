// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

/**
 * Something that a client found of its server, where servers differ, and what the client does about it.
 *
 * @param kind what it is, for programs
 * @param description the same with its facts, for people
 */
public record ServerQuirk(Kind kind, String description) {

  /** What there is to find. The first ones show when a client connects, the others when it does what they are about. */
  public enum Kind {

    /** The server speaks an older version of the protocol. */
    OLD_PROTOCOL,
    /** The server names no capabilities, so that the protocol's own limits are in force. */
    NO_CAPABILITIES,
    /** The server takes less in a message than the protocol's own limits. */
    LOW_LIMITS,
    /** The server knows no P2P states. */
    NO_P2P,
    /** The device was not in RUNNING when the client connected. */
    NOT_RUNNING,
    /** The server refuses to say what the device is, or to reset it, while it is stopped. */
    REFUSES_WHILE_STOPPED,
    /** The server fills data up to the size asked for. */
    PADS_DATA,
    /** The server does not say how much is left to read before the device is stopped. */
    NO_PRE_COPY_INFO,
    /** The server says that its device cannot be reset, and resets it. */
    DENIES_RESET,
    /** A reset leaves the migration state as it was. */
    RESET_LEAVES_STATE
  }
}
