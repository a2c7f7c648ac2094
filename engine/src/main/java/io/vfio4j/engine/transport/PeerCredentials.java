// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.transport;

import io.vfio4j.engine.util.EffectiveUser;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.nio.file.FileSystems;
import java.nio.file.attribute.UserPrincipal;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;
import jdk.net.ExtendedSocketOptions;

/**
 * Checks the user of the peer of a UNIX socket, which the kernel recorded when the connection was made (SO_PEERCRED,
 * unix(7)).
 */
final class PeerCredentials {

  private PeerCredentials() {
  }

  /**
   * Checks the user, before a byte is read.
   *
   * @param more the uid that is accepted besides our own and root
   * @throws PeerRefusedException if it is another user
   */
  static void check(SocketChannel channel, String peer, OptionalLong more) throws IOException {
    UserPrincipal user = channel.getOption(ExtendedSocketOptions.SO_PEERCRED).user();
    Map<UserPrincipal, String> allowed = allowed(more);
    if (!allowed.containsKey(user)) {
      throw new PeerRefusedException(peer, PeerRefusedException.Reason.WRONG_USER,
          "it runs as user %s, and only %s may connect".formatted(user.getName(),
              String.join(" and ", allowed.values())),
          null);
    }
  }

  /** Returns the accepted users and their names: the JDK does not look up the name of a uid. */
  private static Map<UserPrincipal, String> allowed(OptionalLong more) throws IOException {
    Map<UserPrincipal, String> allowed = new LinkedHashMap<>();
    allowed.put(byUid(EffectiveUser.uid()), System.getProperty("user.name", "our own"));
    allowed.putIfAbsent(byUid(0), "root");
    if (more.isPresent()) {
      allowed.putIfAbsent(byUid(more.getAsLong()), "uid " + more.getAsLong());
    }
    return allowed;
  }

  /** The JDK accepts a uid as a name, unless a user is named like that, and compares users by uid. */
  private static UserPrincipal byUid(long number) throws IOException {
    return FileSystems.getDefault().getUserPrincipalLookupService()
        .lookupPrincipalByName(Integer.toString((int) number));
  }
}
