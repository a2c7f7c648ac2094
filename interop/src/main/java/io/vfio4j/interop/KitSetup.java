// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/** Makes a kit from Debian's packages: unpacks them into a folder, and installs nothing. */
final class KitSetup {

  private static final Duration PATIENCE = Duration.ofMinutes(3);
  private static final Path ETC_APT = Path.of("/etc/apt");
  private static final Path OS_RELEASE = Path.of("/etc/os-release");

  private final Path work;
  private final Kit kit;

  private KitSetup(Path work, Kit kit) {
    this.work = work;
    this.kit = kit;
  }

  /**
   * Makes a kit.
   *
   * @param work a folder for what is needed meanwhile
   * @param kit where to make it
   */
  static void run(Path work, Kit kit) throws UnavailableException, IOException, InterruptedException {
    String archive = archive();
    Files.createDirectories(work);
    Files.createDirectories(kit.root());
    PrivateApt apt = new PrivateApt(work, archive);
    try {
      apt.update();
    } catch (IOException e) {
      throw new UnavailableException("the packages of " + archive + " cannot be had: " + e.getMessage(), e);
    }
    KitSetup setup = new KitSetup(work, kit);
    setup.unpackQemu(apt);
    setup.unpackBusybox(apt);
    for (Flavour flavour : Flavour.values()) {
      setup.unpackKernel(apt, flavour);
    }
  }

  private static String archive() throws UnavailableException, IOException {
    if (!System.getProperty("os.arch").equals("amd64")) {
      throw new UnavailableException(
          "QEMU is taken from packages for x86-64, and this is a machine of another kind");
    }
    for (String program : List.of("apt-get", "apt-cache", "dpkg-deb", "xz")) {
      if (!Tool.exists(program)) {
        throw new UnavailableException(
            program + " is not on the PATH: packages are fetched and unpacked with Debian's own tools");
      }
    }
    if (!Files.exists(PrivateApt.KEYRING)) {
      throw new UnavailableException(PrivateApt.KEYRING
          + " is missing: what Debian's archive signs is checked with it (debian-archive-keyring)");
    }
    String release = Files.readAllLines(OS_RELEASE).stream()
        .filter(line -> line.startsWith("VERSION_CODENAME="))
        .map(line -> line.substring(line.indexOf('=') + 1).replace("\"", "")).findFirst().orElse("");
    return AptSources.archiveOf(ETC_APT, release).orElseThrow(() -> new UnavailableException(
        "no entry of " + ETC_APT + " names an archive of Debian's for the release that this machine runs"));
  }

  private void unpackQemu(PrivateApt apt) throws IOException, InterruptedException {
    for (Path file : apt.fetchWithDependencies("qemu-system-x86")) {
      unpack(file, kit.root());
    }
    for (String folder : List.of("bin", "sbin", "lib", "lib64")) {
      Path link = kit.root().resolve(folder);
      if (!Files.exists(link)) {
        Files.createSymbolicLink(link, Path.of("usr", folder));
      }
    }
  }

  private void unpackBusybox(PrivateApt apt) throws IOException, InterruptedException {
    Path unpacked = work.resolve("busybox");
    unpack(apt.fetch("busybox-static"), unpacked);
    Files.move(unpacked.resolve("usr/bin/busybox"), kit.busybox());
  }

  private void unpackKernel(PrivateApt apt, Flavour flavour) throws IOException, InterruptedException {
    Path unpacked = work.resolve(flavour.name());
    unpack(apt.fetch(apt.behind(flavour.metapackage())), unpacked);
    Files.createDirectories(kit.kernel(flavour).getParent());
    try (Stream<Path> files = Files.list(unpacked.resolve("boot"))) {
      Path kernel = files.filter(file -> file.getFileName().toString().startsWith("vmlinuz")).findFirst()
          .orElseThrow(() -> new IOException("no kernel in " + flavour.metapackage()));
      Files.move(kernel, kit.kernel(flavour));
    }
    for (String module : flavour.modules()) {
      Tool.run(PATIENCE, work, List.of("xz", "-d", find(unpacked, module + ".ko.xz").toString()));
      Files.move(find(unpacked, module + ".ko"), kit.module(flavour, module));
    }
    Kit.delete(unpacked);
  }

  private void unpack(Path file, Path into) throws IOException, InterruptedException {
    Tool.run(PATIENCE, work, List.of("dpkg-deb", "-x", file.toString(), into.toString()));
  }

  private static Path find(Path folder, String name) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      return all.filter(path -> path.getFileName().toString().equals(name) && Files.isRegularFile(path))
          .findFirst()
          .orElseThrow(() -> new IOException("no " + name + " in the package"));
    }
  }
}
