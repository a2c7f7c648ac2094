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

/** The file system that guests run from: busybox, the programs in {@code guest/}, and modules. */
final class Initramfs {

  private static final List<String> SOURCES = List.of("guest.c", "pci.c", "dma.c", "intx.c", "vfio.c");
  private static final Duration TIMEOUT = Duration.ofMinutes(2);

  private Initramfs() {
  }

  /**
   * Makes one.
   *
   * @param folder where to put the file, and others that are needed for it
   * @return the file
   * @throws UnavailableException if the machine has no compiler to make programs for the guest with
   * @throws IOException if a program cannot be compiled, or a file not be written
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

  /** Adds what every guest has: a shell that takes commands, and modules, which are loaded in their order. */
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

  /** Compiles the guest's programs: its kernel runs what this machine's compiler makes, its libraries are in it. */
  private static Path program(Path folder) throws UnavailableException, IOException, InterruptedException {
    if (!ToolProcess.exists("gcc")) {
      throw new UnavailableException("gcc is not on the PATH: the guest's programs are compiled here");
    }
    String library = ToolProcess.run(TIMEOUT, folder, List.of("gcc", "-print-file-name=libc.a")).trim();
    if (!Files.exists(Path.of(library).toAbsolutePath())) {
      throw new UnavailableException(
          "gcc has no libc.a (libc6-dev): the guest's programs are linked with it");
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
