// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.transport;

import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Which peers are accepted. Over TCP the peer is authenticated by TLS, with certificates on both sides; over a UNIX
 * socket by its user, which must be our own or root.
 *
 * @param keys our own certificate and key, and the trusted CA; required for TCP
 * @param name the name that the peer's certificate must be for. If empty, the connecting side requires the host that it
 *     connects to; the listening side accepts any certificate signed by the CA
 * @param user another uid that is accepted over a UNIX socket
 */
public record PeerPolicy(Optional<TlsKeys> keys, Optional<String> name, OptionalLong user) {

  /** The base of other policies: no TCP, and our own user. */
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
   * Returns the same with another uid that is accepted.
   *
   * @throws IllegalArgumentException if it is not a uid, 0 to 4294967294
   */
  public PeerPolicy withUser(long user) {
    if (user < 0 || user >= 0xffff_ffffL) {
      throw new IllegalArgumentException(user + " is not a uid (0 to 4294967294)");
    }
    return new PeerPolicy(keys, name, OptionalLong.of(user));
  }

  /** Returns the keys, which an address requires. */
  TlsKeys keysFor(TransportAddress address) {
    return keys.orElseThrow(() -> new IllegalArgumentException(address + ": TCP needs keys"));
  }

  /** Checks the components. */
  public PeerPolicy {
    Objects.requireNonNull(keys);
    Objects.requireNonNull(name);
    Objects.requireNonNull(user);
  }
}
