// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance;

/** A way in which the server of a device in use violates the protocol of its control socket, or "Allowed" something. */
enum UseMisbehaviour {
  /** The device is in STOP when the observation begins. */
  STARTS_STOPPED,
  /** Reports that messages of the VMM wait, always. */
  ALWAYS_HELD,
  /** Reports a staged connection. */
  STAGED,
  /** Reports a surrendered connection. */
  SURRENDERED,
  /** Reports no token. */
  NO_TOKEN,
  /** Reports other regions each time. */
  INFOS_VARY,
  /** Config space has the ids of another device. */
  OTHER_IDS,
  /** Config space cannot be read. */
  CONFIG_SPACE_REFUSED,
  /** The size of the state cannot be queried. */
  LENGTH_REFUSED,
  /** Accepts a second control client. */
  ACCEPTS_SECOND_CLIENT,
  /** Refuses a second control client with EPERM. */
  REFUSES_SECOND_CLIENT_WRONGLY,
  /** The log cannot be started, because the VMM has started it. Allowed. */
  LOG_IN_USE,
  /** The log cannot be reported. */
  LOG_NOT_REPORTED,
  /** The log stays on when it is stopped. */
  LOG_STAYS_ON,
  /** Refuses RUNNING_P2P. */
  REFUSES_P2P,
  /** Does not leave RUNNING_P2P. */
  STAYS_IN_P2P,
  /** Messages of the VMM wait in RUNNING_P2P. */
  HELD_IN_P2P,
  /** Messages of the VMM wait in PRE_COPY. */
  HELD_IN_PRE_COPY,
  /** Messages of the VMM wait in PRE_COPY_P2P. */
  HELD_IN_PRE_COPY_P2P,
  /** The mappings of the VMM are gone after PRE_COPY. */
  LOSES_MAPPINGS,
  /** A mapping of the VMM is gone after PRE_COPY, which the VMM may have removed. Allowed. */
  LOSES_ONE_MAPPING,
  /** The interrupts of the VMM are disabled after PRE_COPY. */
  DISABLES_INTERRUPTS,
  /** The VMM is disconnected by PRE_COPY. */
  DISCONNECTS_VMM,
  /** The connection has another token after PRE_COPY. */
  CHANGES_TOKEN,
  /** The connection has another token some time after PRE_COPY. */
  CHANGES_TOKEN_LATER,
  /** The command register is cleared after PRE_COPY. */
  RESETS_CONFIG_SPACE,
  /** A capability changes during PRE_COPY, which the VMM may have written. Allowed. */
  CHANGES_CAPABILITY,
  /** Messages of the VMM still wait after STOP_COPY. */
  HELD_AFTER_STOP_COPY,
  /** Messages of the VMM are handled in STOP_COPY. */
  SERVES_IN_STOP_COPY,
  /** Cannot leave STOP_COPY. */
  STAYS_IN_STOP_COPY,
  /** The device stays as it is when the control client disconnects. */
  STAYS_AFTER_DISCONNECT,
  /** Entering RUNNING_P2P takes a second. Allowed. */
  SLOW,
  /** Entering STOP_COPY takes a second. Allowed. */
  LONG_PAUSE
}
