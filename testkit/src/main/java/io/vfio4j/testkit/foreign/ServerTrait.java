// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit.foreign;

import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;

/** A difference between a {@link ForeignServer} and vfio4j's server; traits can be combined. */
public enum ServerTrait {

  /** Pads MIG_DATA_READ replies to the requested size with meaningless bytes. */
  PADS_DATA,
  /** Supports neither RUNNING_P2P nor PRE_COPY_P2P, whatever its device supports. */
  NO_P2P,
  /** Never reports ERROR: a device in ERROR seems to be in its previous state, and accepts only a reset. */
  NO_ERROR_STATE,
  /** DEVICE_RESET does not change the migration state. */
  RESET_LEAVES_STATE,
  /** Refuses nearly all commands in STOP and STOP_COPY with EINVAL. */
  REFUSES_WHILE_STOPPED,
  /** Accepts and announces 8 descriptors per message. */
  EIGHT_FDS,
  /** Negotiates version 0.0, whatever is requested. */
  VERSION_0_0,
  /** Replies to VERSION without capabilities. */
  NO_JSON,
  /** Leaves the device in its state when the client disconnects. */
  KEEPS_STATE,
  /**
   * Accepts and announces 1 descriptor, 64 bytes of data and 2 mappings; cannot be combined with {@link #NO_JSON}.
   */
  MINIMAL_LIMITS,
  /** Announces its limits except that for descriptors, and accepts 1. */
  OMITS_FD_LIMIT,
  /** Has a DMA log that omits writes by message: the client performs those, and so knows of them. */
  OMITS_MESSAGE_WRITES_FROM_LOG,
  /** Has pre-copy info, as command 19. */
  PRE_COPY_COMMAND,
  /** Reports its device as one that cannot be reset, although it can. */
  NO_RESET_FLAG,
  /** Has future features: DEVICE_FEATURE 40, which does nothing, and flag 0x10 of MIGRATION. */
  UNKNOWN_FEATURES,
  /** Accepts one client, and stops listening when it disconnects. */
  ONE_CLIENT,
  /** Sends each reply in small pieces, with pauses in between. */
  SLOW;

  /** Returns the traits of libvfio-user. */
  public static Set<ServerTrait> referenceLibrary() {
    return Collections.unmodifiableSet(EnumSet.of(PADS_DATA, NO_P2P, NO_ERROR_STATE, RESET_LEAVES_STATE,
        REFUSES_WHILE_STOPPED, EIGHT_FDS, KEEPS_STATE, OMITS_MESSAGE_WRITES_FROM_LOG));
  }
}
