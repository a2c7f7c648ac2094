// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.vfiouser.Limits;
import io.vfio4j.vfiouser.client.memory.ClientMemory;
import io.vfio4j.vfiouser.exchange.ServerQuirks;
import io.vfio4j.vfiouser.wire.Extensions;

/**
 * A connection after VERSION, as the classes for the commands share it.
 *
 * @param calls sends commands to the server
 * @param limits the limits in force
 * @param extensions the extensions that the server granted
 * @param memory memory that the server accesses by message
 * @param quirks deviations of the server found so far
 */
record ClientContext(ClientCalls calls, Limits limits, Extensions extensions, ClientMemory memory,
    ServerQuirks quirks) {

  /** Returns the device's name, for messages. */
  String name() {
    return calls.name();
  }
}
