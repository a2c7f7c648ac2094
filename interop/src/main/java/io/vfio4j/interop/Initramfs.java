// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** The root file system of guests: busybox, the programs in {@code guest/}, and kernel modules. */
final class Initramfs {

  private static final List<String> SOURCES =
      List.of("guest.c", "pci.c", "dma.c", "intx.c", "vfio.c", "load.c");
  private static final Duration TIMEOUT = Duration.ofMinutes(2);

  private Initramfs() {
  }

  /**
   * Creates the file system.
   *
   * @param folder the folder for the file and for temporary files
   * @return the file
   * @throws UnavailableException if this machine has no compiler for the guest's programs
   * @throws IOException if a program does not compile or a file cannot be written
   */
  static Path create(GuestKit kit, GuestKernel flavour, Path folder)
      throws UnavailableException, IOException, InterruptedException {
    Path file = folder.resolve(flavour.name() + ".cpio");
    try (CpioArchive archive = new CpioArchive(Files.newOutputStream(file))) {
      addBase(archive, kit,
          flavour.modules().stream().map(module -> kit.module(flavour, module)).toList());
      archive.program("bin/guest", Files.readAllBytes(program(folder)));
    }
    return file;
  }

  /** Adds the files of every guest: a shell that accepts commands, and modules, which are loaded in order. */
  static void addBase(CpioArchive archive, GuestKit kit, List<Path> modules) throws IOException {
    for (String name : List.of("bin", "dev", "modules")) {
      archive.folder(name);
    }
    archive.characterDevice("dev/console", 5, 1).program("init", resource("init"))
        .program("bin/busybox", Files.readAllBytes(kit.busybox()));
    StringBuilder order = new StringBuilder();
    for (Path module : modules) {
      archive.program("modules/" + module.getFileName(), Files.readAllBytes(module));
      order.append(module.getFileName()).append('\n');
    }
    archive.program("modules/order", order.toString().getBytes(StandardCharsets.UTF_8));
  }

  /** Compiles the guest's programs with this machine's compiler, statically linked. */
  private static Path program(Path folder) throws UnavailableException, IOException, InterruptedException {
    if (!ToolProcess.exists("gcc")) {
      throw new UnavailableException("gcc is not on the PATH; it compiles the guest's programs");
    }
    String library = ToolProcess.run(TIMEOUT, folder, List.of("gcc", "-print-file-name=libc.a")).trim();
    if (!Files.exists(Path.of(library).toAbsolutePath())) {
      throw new UnavailableException(
          "gcc has no libc.a (package libc6-dev); the guest's programs are statically linked");
    }
    List<String> command = new ArrayList<>(
        List.of("gcc", "-std=gnu17", "-O2", "-Wall", "-Wextra", "-Werror", "-static", "-o", "guest"));
    Files.write(folder.resolve("guest.h"), resource("guest.h"));
    for (String source : SOURCES) {
      Files.write(folder.resolve(source), resource(source));
      command.add(source);
    }
    ToolProcess.run(TIMEOUT, folder, command);
    return folder.resolve("guest");
  }

  private static byte[] resource(String name) throws IOException {
    try (InputStream stream = Initramfs.class.getResourceAsStream("guest/" + name)) {
      if (stream == null) {
        throw new IOException("the module lacks guest/" + name);
      }
      return stream.readAllBytes();
    }
  }
}
