// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import java.time.Duration;

/**
 * How to connect to a server.
 *
 * @param limits what the client takes; the lower of its and the server's values is in force
 * @param keepState whether the server is asked to leave the device as it is, if it is in RUNNING, when this client
 *     goes away
 * @param timeout how long the server may take to answer, and to read what it is sent
 */
public record ClientOptions(Limits limits, boolean keepState, Duration timeout) {

  /** The protocol's limits, no state kept, ten seconds. */
  public static final ClientOptions DEFAULT =
      new ClientOptions(Limits.DEFAULT, false, Duration.ofSeconds(10));

  /** Returns these options with another wish for what becomes of the device. */
  public ClientOptions withKeepState(boolean keep) {
    return new ClientOptions(limits, keep, timeout);
  }

  /** Returns these options with other limits. */
  public ClientOptions withLimits(Limits offered) {
    return new ClientOptions(offered, keepState, timeout);
  }

  /** Returns these options with another patience. */
  public ClientOptions withTimeout(Duration patience) {
    return new ClientOptions(limits, keepState, patience);
  }
}
