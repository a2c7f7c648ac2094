// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

/** Whether a device in RUNNING is left as it is when a client goes away; in other states it is reset in any case. */
public enum KeepState {

  /** It is reset, and a client that asks is told so: the device has no next client, for example. */
  NEVER,
  /** It is left as it is for a client that asked for it. */
  ON_REQUEST,
  /** It is left as it is for every client. */
  ALWAYS
}
