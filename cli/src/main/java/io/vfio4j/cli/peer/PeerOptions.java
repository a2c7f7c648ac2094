// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.peer;

import io.vfio4j.cli.base.OptionValues;
import io.vfio4j.engine.transport.PeerPolicy;
import io.vfio4j.engine.transport.TlsKeys;
import io.vfio4j.engine.transport.TransportAddress;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** The identity of this side and the identities accepted of the peer: a picocli mixin. */
public final class PeerOptions {

  @Option(names = "--keys", paramLabel = "DIR", description = "Directory with ca.pem, cert.pem and key.pem, as created by vfio4j keys. Required for TCP.")
  private @Nullable Path keys;

  @Option(names = "--tls-ca", paramLabel = "FILE", description = "File with the trusted CA certificates (default: DIR/ca.pem).")
  private @Nullable Path caFile;

  @Option(names = "--tls-cert", paramLabel = "FILE", description = "File with the certificate of this side (default: DIR/cert.pem).")
  private @Nullable Path certificateFile;

  @Option(names = "--tls-key", paramLabel = "FILE", description = "File with its private key, mode 0600 (default: DIR/key.pem).")
  private @Nullable Path keyFile;

  @Option(names = "--peer", paramLabel = "NAME", description = "Require the peer's certificate to be for NAME (default: the connecting side requires HOST of the address; the listening side accepts any certificate signed by the CA).")
  private @Nullable String peerName;

  @Option(names = "--peer-uid", paramLabel = "UID", description = "For UNIX sockets, also accept a peer that runs as this user (default: only the own user and root).")
  private @Nullable Long peerUid;

  /**
   * Returns the identities accepted of the peer at an address.
   *
   * @throws ParameterException if the options do not fit the kind of address
   */
  public PeerPolicy policy(TransportAddress address, CommandSpec spec) throws IOException {
    try {
      PeerPolicy policy = PeerPolicy.OWN_USER;
      if (peerName != null) {
        policy = policy.withName(peerName);
      }
      if (peerUid != null) {
        policy = policy.withUser(peerUid);
      }
      return address instanceof TransportAddress.Tcp
          ? policy.withKeys(TlsKeys.load(files(address, spec)))
          : withoutKeys(policy, address, spec);
    } catch (IllegalArgumentException e) {
      throw OptionValues.usageError(spec, e);
    }
  }

  /** Returns the options as they were given, for a suggested command. */
  public List<String> arguments() {
    List<String> given = new ArrayList<>();
    add(given, "--keys", keys);
    add(given, "--tls-ca", caFile);
    add(given, "--tls-cert", certificateFile);
    add(given, "--tls-key", keyFile);
    add(given, "--peer", peerName);
    add(given, "--peer-uid", peerUid);
    return given;
  }

  private static void add(List<String> given, String option, @Nullable Object value) {
    if (value != null) {
      given.add(option);
      given.add(value.toString());
    }
  }

  private PeerPolicy withoutKeys(PeerPolicy policy, TransportAddress address, CommandSpec spec) {
    if (Stream.of(keys, caFile, certificateFile, keyFile, peerName).anyMatch(option -> option != null)) {
      throw new ParameterException(spec.commandLine(),
          address + " has no TLS: omit the keys and --peer, and use --peer-uid to accept another user");
    }
    return policy;
  }

  private TlsKeys.Files files(TransportAddress address, CommandSpec spec) {
    if (peerUid != null) {
      throw new ParameterException(spec.commandLine(),
          address + ": --peer-uid is for UNIX sockets; use --peer for TCP");
    }
    return new TlsKeys.Files(file(caFile, "ca.pem", "--tls-ca", address, spec),
        file(certificateFile, "cert.pem", "--tls-cert", address, spec),
        file(keyFile, "key.pem", "--tls-key", address, spec));
  }

  private Path file(@Nullable Path given, String defaultName, String option, TransportAddress address,
      CommandSpec spec) {
    if (given != null) {
      return given;
    }
    if (keys == null) {
      throw new ParameterException(spec.commandLine(), ("%s: TCP always uses TLS and needs keys: --keys DIR "
          + "or %s FILE; create them with vfio4j keys").formatted(address, option));
    }
    return keys.resolve(defaultName);
  }
}
