// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.UnixSocket;
import io.vfio4j.vfiouser.handover.ConnectionHead;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Facts about the connection of a client, usually a VMM.
 *
 * @param token identifies it on all servers that have it; not 0
 * @param connectedSince Unix time, milliseconds
 * @param pid the process that connected; 0 if unknown
 * @param uid its user; -1 if unknown
 */
record VmmConnection(long token, long connectedSince, int pid, int uid) {

  /** Returns facts about a connection that has just been accepted. */
  static VmmConnection accepted(UnixSocket client) {
    try {
      UnixSocket.PeerCredentials credentials = client.peerCredentials();
      return accepted(credentials.pid(), credentials.uid());
    } catch (LinuxException e) {
      return unknown();
    }
  }

  /** Returns facts about a connection that was passed on. */
  static VmmConnection of(ConnectionHead head) {
    return new VmmConnection(head.token(), head.connectedSince(), head.pid(), head.uid());
  }

  /** Returns facts about a connection of unknown origin. */
  static VmmConnection unknown() {
    return accepted(0, -1);
  }

  private static VmmConnection accepted(int pid, int uid) {
    return new VmmConnection(ThreadLocalRandom.current().nextLong() | 1, System.currentTimeMillis(), pid,
        uid);
  }

  /** Returns its credentials, for the log. */
  String credentials() {
    return uid < 0 ? "unknown" : "pid %d, uid %d".formatted(pid, uid);
  }
}
