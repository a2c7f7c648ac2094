// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Debian packages, used without installing them: their archives, and unpacking them. */
final class DebianPackages {

  private static final Duration TIMEOUT = Duration.ofMinutes(3);
  private static final Path ETC_APT = Path.of("/etc/apt");
  private static final Path OS_RELEASE = Path.of("/etc/os-release");

  private DebianPackages() {
  }

  /** Returns the URI of the archive of Debian releases that this machine uses. */
  static String archive() throws UnavailableException, IOException {
    String release = Files.readAllLines(OS_RELEASE).stream()
        .filter(line -> line.startsWith("VERSION_CODENAME="))
        .map(line -> line.substring(line.indexOf('=') + 1).replace("\"", "")).findFirst().orElse("");
    return requireArchive(AptSources.archiveOf(ETC_APT, release),
        "Debian's for the release that this machine runs");
  }

  /** Returns the URI of the archive of Debian security updates that this machine uses. */
  static String securityArchive() throws UnavailableException, IOException {
    return requireArchive(AptSources.securityArchive(ETC_APT), "Debian's security updates");
  }

  private static String requireArchive(Optional<String> uri, String what) throws UnavailableException {
    return uri.orElseThrow(
        () -> new UnavailableException("no entry in " + ETC_APT + " is for an archive of " + what));
  }

  /**
   * Returns an apt whose package lists are up to date.
   *
   * @param work the folder for its files
   * @throws UnavailableException if the packages are not available on this machine
   */
  static PrivateApt apt(Path work, List<AptSources.Source> sources)
      throws UnavailableException, IOException, InterruptedException {
    requireTools();
    PrivateApt apt = new PrivateApt(work, sources);
    try {
      apt.update();
    } catch (IOException e) {
      throw new UnavailableException(
          "cannot fetch the package lists of " + sources.getFirst().uri() + ": " + e.getMessage(), e);
    }
    return apt;
  }

  private static void requireTools() throws UnavailableException {
    if (!System.getProperty("os.arch").equals("amd64")) {
      throw new UnavailableException(
          "QEMU comes from packages for x86-64, and this machine has another architecture");
    }
    for (String program : List.of("apt-get", "apt-cache", "dpkg-deb", "xz")) {
      if (!ToolProcess.exists(program)) {
        throw new UnavailableException(
            program + " is not on the PATH; packages are fetched and unpacked with Debian's tools");
      }
    }
    if (!Files.exists(PrivateApt.KEYRING)) {
      throw new UnavailableException(PrivateApt.KEYRING
          + " is missing; it verifies the signatures of Debian's archive (package debian-archive-keyring)");
    }
  }

  /** Unpacks a package. */
  static void unpack(Path file, Path into) throws IOException, InterruptedException {
    Files.createDirectories(into);
    ToolProcess.run(TIMEOUT, into, List.of("dpkg-deb", "-x", file.toString(), into.toString()));
  }

  /** Copies the kernel from an unpacked package. */
  static void extractKernel(Path unpacked, Path to) throws IOException {
    try (Stream<Path> files = Files.list(unpacked.resolve("boot"))) {
      Path kernel = files.filter(file -> file.getFileName().toString().startsWith("vmlinuz")).findFirst()
          .orElseThrow(() -> new IOException("no kernel in " + unpacked));
      Files.move(kernel, to);
    }
  }

  /** Extracts a kernel module from an unpacked package. */
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
