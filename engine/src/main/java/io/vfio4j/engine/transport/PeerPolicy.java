// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.transport;

import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Who may be at the other end of a connection. Over TCP that is always a matter of TLS, with certificates on
 * both sides; over a UNIX socket it is a matter of users: our own, or root.
 *
 * @param keys who we are over TCP, and whose certificates we trust; without them there is no TCP
 * @param name the name that a certificate must be for. Without it, who connects wants that of the host it
 *     connected to, and who listens takes any that our authority has signed
 * @param user a user that may be there as well, over a UNIX socket, by its number
 */
public record PeerPolicy(Optional<TlsKeys> keys, Optional<String> name, OptionalLong user) {

  /** The policy of which others are made: no TCP, and our own user. */
  public static final PeerPolicy OWN_USER =
      new PeerPolicy(Optional.empty(), Optional.empty(), OptionalLong.empty());

  /** Returns the same with keys for TCP. */
  public PeerPolicy withKeys(TlsKeys keys) {
    return new PeerPolicy(Optional.of(keys), name, user);
  }

  /** Returns the same with the name that a certificate must be for. */
  public PeerPolicy withName(String name) {
    return new PeerPolicy(keys, Optional.of(name), user);
  }

  /**
   * Returns the same with a further user.
   *
   * @throws IllegalArgumentException if there can be no such user: they go from 0 to 4294967294
   */
  public PeerPolicy withUser(long user) {
    if (user < 0 || user >= 0xffff_ffffL) {
      throw new IllegalArgumentException(user + " is no user: they go from 0 to 4294967294");
    }
    return new PeerPolicy(keys, name, OptionalLong.of(user));
  }

  /** Returns the keys for an address that needs them. */
  TlsKeys keysFor(TransportAddress address) {
    return keys.orElseThrow(() -> new IllegalArgumentException(address + ": TCP needs keys"));
  }

  /** Checks the parts. */
  public PeerPolicy {
    Objects.requireNonNull(keys);
    Objects.requireNonNull(name);
    Objects.requireNonNull(user);
  }
}
