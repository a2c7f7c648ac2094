// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.wire;

/**
 * An extension of the protocol that a client requests and a server grants, as a flag of the capability
 * {@code "vfio4j"} of VERSION. The flags are sent in the order of these constants.
 */
public enum Extension {

  /** The server reports the bytes left to read in pre-copy, by {@link Structs.Feature#PRE_COPY_INFO}. */
  PRECOPY_INFO("precopy_info"),

  /** A device in RUNNING is not reset when the client disconnects. */
  KEEP_STATE("keep_state"),

  /**
   * With {@link #KEEP_STATE}: when the client disconnects, a device stopped with its state is left in STOP,
   * and one that runs while its state is read, in RUNNING.
   */
  KEEP_STOPPED("keep_stopped"),

  /** DMA_MAP marks memory of another device by {@link Structs.DmaMap#PEER}. */
  MEMORY_KINDS("memory_kinds"),

  /** An error reply has an {@link ErrorReason} as its body. */
  REASONS("reasons"),

  /** The connection is one to a control socket. Requested there, refused elsewhere. */
  CONTROL("control");

  private final String key;

  Extension(String key) {
    this.key = key;
  }

  /** Returns the name of the flag. */
  public String key() {
    return key;
  }
}
