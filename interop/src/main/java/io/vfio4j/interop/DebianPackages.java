// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Debian's packages, without any being installed: from which archives this machine can have them, and unpacking them. */
final class DebianPackages {

  private static final Duration TIMEOUT = Duration.ofMinutes(3);
  private static final Path ETC_APT = Path.of("/etc/apt");
  private static final Path OS_RELEASE = Path.of("/etc/os-release");

  private DebianPackages() {
  }

  /** Returns the archive of Debian's releases that this machine uses. */
  static String archive() throws UnavailableException, IOException {
    String release = Files.readAllLines(OS_RELEASE).stream()
        .filter(line -> line.startsWith("VERSION_CODENAME="))
        .map(line -> line.substring(line.indexOf('=') + 1).replace("\"", "")).findFirst().orElse("");
    return requireArchive(AptSources.archiveOf(ETC_APT, release),
        "Debian's for the release that this machine runs");
  }

  /** Returns the archive of Debian's security updates that this machine uses. */
  static String securityArchive() throws UnavailableException, IOException {
    return requireArchive(AptSources.securityArchive(ETC_APT), "Debian's security updates");
  }

  private static String requireArchive(Optional<String> uri, String what) throws UnavailableException {
    return uri.orElseThrow(
        () -> new UnavailableException("no entry of " + ETC_APT + " names an archive of " + what));
  }

  /**
   * Returns an apt that has fetched its lists of packages.
   *
   * @param work where it keeps what is its own
   * @throws UnavailableException if it cannot be had on this machine
   */
  static PrivateApt apt(Path work, List<AptSources.Source> sources)
      throws UnavailableException, IOException, InterruptedException {
    requireTools();
    PrivateApt apt = new PrivateApt(work, sources);
    try {
      apt.update();
    } catch (IOException e) {
      throw new UnavailableException(
          "the packages of " + sources.getFirst().uri() + " cannot be had: " + e.getMessage(), e);
    }
    return apt;
  }

  private static void requireTools() throws UnavailableException {
    if (!System.getProperty("os.arch").equals("amd64")) {
      throw new UnavailableException(
          "QEMU is taken from packages for x86-64, and this is a machine of another kind");
    }
    for (String program : List.of("apt-get", "apt-cache", "dpkg-deb", "xz")) {
      if (!ToolProcess.exists(program)) {
        throw new UnavailableException(
            program + " is not on the PATH: packages are fetched and unpacked with Debian's own tools");
      }
    }
    if (!Files.exists(PrivateApt.KEYRING)) {
      throw new UnavailableException(PrivateApt.KEYRING
          + " is missing: what Debian's archive signs is checked with it (debian-archive-keyring)");
    }
  }

  /** Unpacks a package's files. */
  static void unpack(Path file, Path into) throws IOException, InterruptedException {
    Files.createDirectories(into);
    ToolProcess.run(TIMEOUT, into, List.of("dpkg-deb", "-x", file.toString(), into.toString()));
  }

  /** Takes a kernel out of an unpacked package. */
  static void extractKernel(Path unpacked, Path to) throws IOException {
    try (Stream<Path> files = Files.list(unpacked.resolve("boot"))) {
      Path kernel = files.filter(file -> file.getFileName().toString().startsWith("vmlinuz")).findFirst()
          .orElseThrow(() -> new IOException("no kernel in " + unpacked));
      Files.move(kernel, to);
    }
  }

  /** Takes a kernel's module out of an unpacked package. */
  static void extractModule(Path unpacked, String module, Path to) throws IOException, InterruptedException {
    ToolProcess.run(TIMEOUT, unpacked, List.of("xz", "-d", find(unpacked, module + ".ko.xz").toString()));
    Files.move(find(unpacked, module + ".ko"), to);
  }

  private static Path find(Path folder, String name) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      return all.filter(path -> path.getFileName().toString().equals(name) && Files.isRegularFile(path))
          .findFirst()
          .orElseThrow(() -> new IOException("no " + name + " in the package"));
    }
  }
}
