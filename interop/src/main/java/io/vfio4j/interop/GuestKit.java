// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What guests are made of: QEMU with its libraries, kernels with some modules, busybox. It is kept in a folder from one
 * run to the next, and is there as a whole or not at all.
 *
 * @param folder where it is
 */
public record GuestKit(Path folder) {

  /**
   * Returns the kit in a folder, and sets it up there if it is missing or another than what is needed now.
   *
   * @param cache the folder, which is made; several processes may ask for the same at once
   * @throws UnavailableException if it cannot be had on this machine
   */
  public static GuestKit in(Path cache) throws UnavailableException, IOException, InterruptedException {
    return new GuestKit(
        FolderCache.provide(cache, "kit", description(),
            (folder, work) -> GuestKitSetup.run(work, new GuestKit(folder))));
  }

  /** What a kit of this version of the project has in it: another one is made anew. */
  private static String description() {
    return Stream.of(GuestKernel.values())
        .map(flavour -> flavour.metapackage() + " " + flavour.modules() + "\n")
        .collect(Collectors.joining());
  }

  /** The root of QEMU and all that it needs. */
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

  /** Returns the beginning of a command that runs QEMU, with its own loader and libraries. */
  List<String> qemu() {
    Path usr = root().resolve("usr");
    return new ArrayList<>(List.of(usr.resolve("lib64/ld-linux-x86-64.so.2").toString(), "--library-path",
        usr.resolve("lib/x86_64-linux-gnu").toString(), usr.resolve("bin/qemu-system-x86_64").toString(),
        "-L",
        usr.resolve("share/qemu").toString(), "-L", usr.resolve("share/seabios").toString()));
  }

  /** Where QEMU finds its modules. */
  Path qemuModules() {
    return root().resolve("usr/lib/x86_64-linux-gnu/qemu");
  }
}
