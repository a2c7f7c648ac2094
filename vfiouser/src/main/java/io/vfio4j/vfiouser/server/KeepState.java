// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

/**
 * Whether a device in RUNNING keeps its state when a client disconnects. In other states it is reset, unless
 * the client negotiated {@code keep_stopped}.
 */
public enum KeepState {

  /** It is reset, and the capability is not granted; for example because the device has only one client. */
  NEVER,
  /** It keeps its state if the client requested it. */
  ON_REQUEST,
  /** It always keeps its state. */
  ALWAYS
}
