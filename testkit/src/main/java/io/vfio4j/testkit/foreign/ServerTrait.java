// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit.foreign;

import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;

/** How a {@link ForeignServer} differs from one of vfio4j; traits can be combined. */
public enum ServerTrait {

  /** Fills MIG_DATA_READ replies up to the size asked for, with bytes that mean nothing. */
  PADS_DATA,
  /** Has neither RUNNING_P2P nor PRE_COPY_P2P, whatever its device can do. */
  NO_P2P,
  /** Never says ERROR: a device that is broken seems to be where it was before, and takes no move but a reset. */
  NO_ERROR_STATE,
  /** Leaves the migration state as it is at DEVICE_RESET. */
  RESET_LEAVES_STATE,
  /** Answers EINVAL to nearly everything in STOP and STOP_COPY. */
  REFUSES_WHILE_STOPPED,
  /** Takes 8 descriptors in a message, and says so. */
  EIGHT_FDS,
  /** Agrees on version 0.0, whatever is asked for. */
  VERSION_0_0,
  /** Answers VERSION without capabilities. */
  NO_JSON,
  /** Leaves the device in whatever state it is in when its client goes away. */
  KEEPS_STATE,
  /** Takes 1 descriptor, 64 bytes of data and 2 mappings, and says so: not to be combined with {@link #NO_JSON}. */
  MINIMAL_LIMITS,
  /** Names its limits, but not how many descriptors it accepts in a message, and accepts 1. */
  OMITS_FD_LIMIT,
  /** Has a DMA log, in which what it writes by message is not: its client knows that, since it does the writing. */
  OMITS_MESSAGE_WRITES_FROM_LOG,
  /** Has pre-copy info, by command 19. */
  PRE_COPY_COMMAND,
  /** Says of its device, which can be reset, that it cannot. */
  NO_RESET_FLAG,
  /** Has features of later times: number 40 of DEVICE_FEATURE, which does nothing, and flag 0x10 of MIGRATION. */
  UNKNOWN_FEATURES,
  /** Accepts one client in its life, and listens no longer once that is gone. */
  ONE_CLIENT,
  /** Sends each reply in small pieces, and rests in between. */
  SLOW;

  /** Returns what the reference C library is like, all together. */
  public static Set<ServerTrait> referenceLibrary() {
    return Collections.unmodifiableSet(EnumSet.of(PADS_DATA, NO_P2P, NO_ERROR_STATE, RESET_LEAVES_STATE,
        REFUSES_WHILE_STOPPED, EIGHT_FDS, KEEPS_STATE, OMITS_MESSAGE_WRITES_FROM_LOG));
  }
}
