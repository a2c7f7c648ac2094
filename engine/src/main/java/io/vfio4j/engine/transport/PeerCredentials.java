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
 * Checks which user is at the other end of a UNIX socket: the kernel knows it since the connection was made
 * (SO_PEERCRED, unix(7)).
 */
final class PeerCredentials {

  private PeerCredentials() {
  }

  /**
   * Checks it, before a byte is read.
   *
   * @param more a user besides our own and root
   * @throws PeerRefusedException if it is another
   */
  static void check(SocketChannel channel, String peer, OptionalLong more) throws IOException {
    UserPrincipal user = channel.getOption(ExtendedSocketOptions.SO_PEERCRED).user();
    Map<UserPrincipal, String> allowed = allowed(more);
    if (!allowed.containsKey(user)) {
      throw new PeerRefusedException(peer, PeerRefusedException.Reason.WRONG_USER,
          "it belongs to the user %s, and only %s may be there".formatted(user.getName(),
              String.join(" and ", allowed.values())),
          null);
    }
  }

  /** Returns who may be there, each once, with a name for people: of a number the JDK does not look one up. */
  private static Map<UserPrincipal, String> allowed(OptionalLong more) throws IOException {
    Map<UserPrincipal, String> allowed = new LinkedHashMap<>();
    allowed.put(byUid(EffectiveUser.uid()), System.getProperty("user.name", "our own"));
    allowed.putIfAbsent(byUid(0), "root");
    if (more.isPresent()) {
      allowed.putIfAbsent(byUid(more.getAsLong()), "the user with the number " + more.getAsLong());
    }
    return allowed;
  }

  /** The JDK takes a number where no user has that for a name, and compares users by number. */
  private static UserPrincipal byUid(long number) throws IOException {
    return FileSystems.getDefault().getUserPrincipalLookupService()
        .lookupPrincipalByName(Integer.toString((int) number));
  }
}
