// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.MemorySegment;

/**
 * The credentials of a peer, struct ucred of unix(7):
 *
 * <pre>{@code
 * struct ucred {
 *   pid_t pid;
 *   uid_t uid;
 *   gid_t gid;
 * };
 * }</pre>
 */
final class Ucred {

  static final long SIZE = 12;
  static final long PID_OFFSET = 0;
  static final long UID_OFFSET = 4;
  static final long GID_OFFSET = 8;

  private Ucred() {}

  static UnixSocket.PeerCredentials get(MemorySegment ucred) {
    return new UnixSocket.PeerCredentials(ucred.get(JAVA_INT, PID_OFFSET), ucred.get(JAVA_INT, UID_OFFSET),
        ucred.get(JAVA_INT, GID_OFFSET));
  }
}
