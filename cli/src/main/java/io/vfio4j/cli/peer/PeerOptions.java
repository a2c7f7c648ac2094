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

/** Who we are to the other side, and who it may be. To be mixed in. */
public final class PeerOptions {

  @Option(names = "--keys", paramLabel = "DIR", description = "For TCP: a folder that vfio4j keys made, with ca.pem, cert.pem and key.pem.")
  private @Nullable Path keys;

  @Option(names = "--tls-ca", paramLabel = "FILE", description = "Certificates of the authorities that are trusted, instead of DIR/ca.pem.")
  private @Nullable Path caFile;

  @Option(names = "--tls-cert", paramLabel = "FILE", description = "Our own certificate, instead of DIR/cert.pem.")
  private @Nullable Path certificateFile;

  @Option(names = "--tls-key", paramLabel = "FILE", description = "Its key, instead of DIR/key.pem; mode 0600.")
  private @Nullable Path keyFile;

  @Option(names = "--peer", paramLabel = "NAME", description = "The other side's certificate has to be for NAME (default: who connects wants HOST of the address, who listens takes any that the authority has signed).")
  private @Nullable String peerName;

  @Option(names = "--peer-uid", paramLabel = "UID", description = "For UNIX sockets: the other side may belong to this user too (default: our own and root).")
  private @Nullable Long peerUid;

  /** Returns what is asked of who is at the other end of an address. */
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

  /** Returns the options as they were given, for a command that is to have them too. */
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
          address + " has no TLS: leave out the keys and --peer; --peer-uid says who may be there");
    }
    return policy;
  }

  private TlsKeys.Files files(TransportAddress address, CommandSpec spec) {
    if (peerUid != null) {
      throw new ParameterException(spec.commandLine(),
          address + ": --peer-uid is for UNIX sockets; --peer says who may be there over TCP");
    }
    return new TlsKeys.Files(file(caFile, "ca.pem", "--tls-ca", address, spec),
        file(certificateFile, "cert.pem", "--tls-cert", address, spec),
        file(keyFile, "key.pem", "--tls-key", address, spec));
  }

  private Path file(@Nullable Path said, String usual, String option, TransportAddress address,
      CommandSpec spec) {
    if (said != null) {
      return said;
    }
    if (keys == null) {
      throw new ParameterException(spec.commandLine(), ("%s: TCP always has TLS, and needs keys: --keys DIR, "
          + "or %s FILE; vfio4j keys makes them").formatted(address, option));
    }
    return keys.resolve(usual);
  }
}
