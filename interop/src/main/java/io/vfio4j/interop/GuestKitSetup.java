// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Creates a kit from Debian packages, which it unpacks into a folder and does not install. */
final class GuestKitSetup {

  private static final String RELEASE = "trixie";
  private static final String BACKPORTS = RELEASE + "-backports";

  private final Path work;
  private final GuestKit kit;

  private GuestKitSetup(Path work, GuestKit kit) {
    this.work = work;
    this.kit = kit;
  }

  /**
   * Creates a kit.
   *
   * @param work a folder for temporary files
   * @param kit the kit to create
   */
  static void run(Path work, GuestKit kit) throws UnavailableException, IOException, InterruptedException {
    String archive = DebianPackages.archive();
    PrivateApt apt =
        DebianPackages.apt(work, List.of(new AptSources.Source(archive, RELEASE, List.of("main")),
            new AptSources.Source(archive, BACKPORTS, List.of("main"))));
    Files.createDirectories(kit.root());
    GuestKitSetup setup = new GuestKitSetup(work, kit);
    setup.unpackQemu(apt);
    setup.unpackBusybox(apt);
    for (GuestKernel flavour : GuestKernel.values()) {
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

  private void unpackKernel(PrivateApt apt, GuestKernel flavour) throws IOException, InterruptedException {
    Path unpacked = work.resolve(flavour.name());
    DebianPackages.unpack(apt.fetch(apt.resolveMetapackage(flavour.metapackage())), unpacked);
    Files.createDirectories(kit.kernel(flavour).getParent());
    DebianPackages.extractKernel(unpacked, kit.kernel(flavour));
    for (String module : flavour.modules()) {
      DebianPackages.extractModule(unpacked, module, kit.module(flavour, module));
    }
    FolderCache.delete(unpacked);
  }
}
