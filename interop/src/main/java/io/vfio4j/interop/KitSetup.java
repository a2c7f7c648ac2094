// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Makes a kit from Debian's packages: unpacks them into a folder, and installs nothing. */
final class KitSetup {

  private static final String RELEASE = "trixie";
  private static final String BACKPORTS = RELEASE + "-backports";

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
    String archive = DebianPackages.archive();
    PrivateApt apt =
        DebianPackages.apt(work, List.of(new AptSources.Source(archive, RELEASE, List.of("main")),
            new AptSources.Source(archive, BACKPORTS, List.of("main"))));
    Files.createDirectories(kit.root());
    KitSetup setup = new KitSetup(work, kit);
    setup.unpackQemu(apt);
    setup.unpackBusybox(apt);
    for (Flavour flavour : Flavour.values()) {
      setup.unpackKernel(apt, flavour);
    }
  }

  private void unpackQemu(PrivateApt apt) throws IOException, InterruptedException {
    for (Path file : apt.fetchWithDependencies("qemu-system-x86", BACKPORTS)) {
      DebianPackages.unpack(file, kit.root());
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
    DebianPackages.unpack(apt.fetch("busybox-static"), unpacked);
    Files.move(unpacked.resolve("usr/bin/busybox"), kit.busybox());
  }

  private void unpackKernel(PrivateApt apt, Flavour flavour) throws IOException, InterruptedException {
    Path unpacked = work.resolve(flavour.name());
    DebianPackages.unpack(apt.fetch(apt.behind(flavour.metapackage())), unpacked);
    Files.createDirectories(kit.kernel(flavour).getParent());
    DebianPackages.takeKernel(unpacked, kit.kernel(flavour));
    for (String module : flavour.modules()) {
      DebianPackages.takeModule(unpacked, module, kit.module(flavour, module));
    }
    Cache.delete(unpacked);
  }
}
