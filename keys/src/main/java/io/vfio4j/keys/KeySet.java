// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.keys;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The keys of hosts that authenticate each other: one authority, and a folder for each host. The authority's
 * private key is never written, so no certificate can be added to a set; another host requires a new set.
 */
public final class KeySet {

  /** Backdates certificates, so that hosts whose clocks are behind accept them. */
  private static final Duration CLOCK_SKEW = Duration.ofHours(1);

  private KeySet() {
  }

  /**
   * Creates a set, completely or not at all.
   *
   * @param out the folder to create for the hosts' folders; must not exist
   * @param hosts the hosts
   * @param now the current time
   * @param validity the lifetime of the certificates
   * @throws IOException if {@code out} exists or cannot be written
   * @throws GeneralSecurityException if a name cannot be in a certificate
   */
  public static void write(Path out, List<Host> hosts, Instant now, Duration validity)
      throws IOException, GeneralSecurityException {
    requireDifferentNames(hosts);
    if (Files.exists(out, LinkOption.NOFOLLOW_LINKS)) {
      throw new FileAlreadyExistsException(out.toString());
    }
    Path parent = Objects.requireNonNull(out.toAbsolutePath().getParent(), "the root exists");
    Files.createDirectories(parent);
    Path hidden = Files.createTempDirectory(parent, ".keys", PosixFilePermissions.asFileAttribute(
        PosixFilePermissions.fromString("rwx------")));
    try {
      fill(hidden, hosts, now.minus(CLOCK_SKEW), now.plus(validity));
      Files.move(hidden, out, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException | GeneralSecurityException | RuntimeException e) {
      remove(hidden, e);
      throw e;
    }
  }

  private static void requireDifferentNames(List<Host> hosts) {
    Set<String> seen = new HashSet<>();
    for (Host host : hosts) {
      if (!seen.add(host.name())) {
        throw new IllegalArgumentException("'" + host.name() + "' is given twice");
      }
    }
  }

  private static void fill(Path folder, List<Host> hosts, Instant from, Instant until)
      throws IOException, GeneralSecurityException {
    CertificateAuthority authority =
        CertificateAuthority.create("vfio4j " + from.plus(CLOCK_SKEW), from, until);
    for (Host host : hosts) {
      KeyFolder.write(folder.resolve(host.name()), authority.certificate(),
          authority.issue(host, from, until));
    }
  }

  private static void remove(Path folder, Exception cause) {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    } catch (IOException e) {
      cause.addSuppressed(e);
    }
  }
}
