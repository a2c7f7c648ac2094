// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The files that guests are built from: QEMU with its libraries, kernels with some modules, busybox. They are
 * cached in a folder between runs, which is complete or missing.
 *
 * @param folder the folder of the kit
 */
public record GuestKit(Path folder) {

  /**
   * Returns the kit from a cache, and creates it if it is missing or outdated.
   *
   * @param cache the folder of the cache, created if missing; safe for use by several processes
   * @throws UnavailableException if it cannot be created on this machine
   */
  public static GuestKit in(Path cache) throws UnavailableException, IOException, InterruptedException {
    return new GuestKit(
        FolderCache.provide(cache, "kit", description(),
            (folder, work) -> GuestKitSetup.run(work, new GuestKit(folder))));
  }

  /** Describes the content of this version's kit; a cached kit with another description is recreated. */
  private static String description() {
    return Stream.of(GuestKernel.values())
        .map(flavour -> flavour.metapackage() + " " + flavour.modules() + "\n")
        .collect(Collectors.joining());
  }

  /** Returns the root folder of QEMU and its dependencies. */
  Path root() {
    return folder.resolve("root");
  }

  Path busybox() {
    return folder.resolve("busybox");
  }

  Path kernel(GuestKernel flavour) {
    return folder.resolve(flavour.name()).resolve("vmlinuz");
  }

  Path module(GuestKernel flavour, String name) {
    return folder.resolve(flavour.name()).resolve(name + ".ko");
  }

  /** Returns the beginning of a command that runs QEMU with the kit's loader and libraries. */
  List<String> qemu() {
    Path usr = root().resolve("usr");
    return new ArrayList<>(List.of(usr.resolve("lib64/ld-linux-x86-64.so.2").toString(), "--library-path",
        usr.resolve("lib/x86_64-linux-gnu").toString(), usr.resolve("bin/qemu-system-x86_64").toString(),
        "-L",
        usr.resolve("share/qemu").toString(), "-L", usr.resolve("share/seabios").toString()));
  }

  /** Returns the folder of QEMU's modules. */
  Path qemuModules() {
    return root().resolve("usr/lib/x86_64-linux-gnu/qemu");
  }
}
