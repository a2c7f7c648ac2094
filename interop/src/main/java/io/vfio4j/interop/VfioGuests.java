// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Guests whose kernel has migratable VFIO devices, with vfio4j installed. */
final class VfioGuests {

  private static final Duration LIFETIME = Duration.ofMinutes(6);
  /** The folder of the vfio4j modules in a guest. */
  private static final String MODULES = "vfio4j";

  private final GuestEnvironment environment;
  private final VfioKernel kernel;
  private final GuestJava java;
  private final List<Path> modules;

  private VfioGuests(GuestEnvironment environment, VfioKernel kernel, GuestJava java, List<Path> modules) {
    this.environment = environment;
    this.kernel = kernel;
    this.java = java;
    this.modules = modules;
  }

  /**
   * Prepares the files of the guests.
   *
   * @param environment the environment of the guests
   * @param cache the folder of the cache
   * @param sources the folder with the sources of the test device's module
   * @param modules the jars of vfio4j and its dependencies
   * @throws UnavailableException if this machine cannot run guests
   */
  static VfioGuests in(GuestEnvironment environment, Path cache, Path sources, List<Path> modules)
      throws UnavailableException, IOException, InterruptedException {
    return new VfioGuests(environment, VfioKernel.in(cache, sources), GuestJava.in(cache, modules), modules);
  }

  /**
   * Starts a guest.
   *
   * @param interfaces the interfaces of its kernel
   * @param memory size of its memory, MiB
   */
  Guest boot(VfioInterface interfaces, int memory) throws IOException, InterruptedException {
    Path initramfs = initramfs(interfaces);
    Guest guest =
        environment.start(new QemuArguments(LIFETIME, console -> arguments(initramfs, memory, console)));
    guest.runChecked("mount -t debugfs debugfs /sys/kernel/debug");
    return guest;
  }

  private Path initramfs(VfioInterface interfaces) throws IOException, InterruptedException {
    Path file = environment.folder().resolve("vfio-" + interfaces + ".cpio");
    if (!Files.exists(file)) {
      try (CpioArchive archive = new CpioArchive(Files.newOutputStream(file))) {
        Initramfs.addBase(archive, environment.kit(), kernel.modules(interfaces));
        java.addTo(archive);
        archive.folder(MODULES);
        for (Path module : modules) {
          archive.program(MODULES + "/" + module.getFileName(), Files.readAllBytes(module));
        }
      }
    }
    return file;
  }

  /**
   * Returns the arguments that follow QEMU's name. With two processors this kernel crashes under emulation, so
   * there is one. The last kernel options permit unlimited writes to the kernel log, without loss.
   */
  private List<String> arguments(Path initramfs, int memory, Path console) {
    return List.of("-machine", "q35", "-accel", "tcg,thread=single", "-cpu", "max", "-smp", "1", "-m",
        memory + "M", "-nodefaults", "-display", "none", "-vga", "none", "-serial", "file:" + console,
        "-serial", "stdio", "-no-reboot", "-kernel", kernel.image().toString(), "-initrd",
        initramfs.toString(), "-append",
        "console=ttyS0 no_timer_check quiet mitigations=off tsc=reliable panic=-1 printk.devkmsg=on "
            + "log_buf_len=2M");
  }

  /**
   * Returns the guest's command that runs the checks. Short programs run fastest interpreted, but the checks take a
   * third of the time with C1.
   *
   * @param interfaces the interfaces of the guest's kernel
   * @param prefixes prefixes of the names of checks, without blanks; empty for all
   */
  static String checksCommand(VfioInterface interfaces, List<String> prefixes) {
    return "/java/bin/java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:-UsePerfData "
        + "--enable-native-access=io.vfio4j.linux "
        + "--add-exports=io.vfio4j.cli/io.vfio4j.cli=io.vfio4j.interop "
        + "--add-exports=io.vfio4j.cli/io.vfio4j.cli.base=io.vfio4j.interop -p /" + MODULES
        + " -m io.vfio4j.interop/io.vfio4j.interop.checks.Main " + interfaces + " "
        + String.join(" ", prefixes);
  }

  /**
   * Returns the files on a module path.
   *
   * @param path jars, and folders of jars
   */
  static List<Path> modules(String path) throws IOException {
    List<Path> files = new ArrayList<>();
    for (String part : path.split(":", -1)) {
      if (Files.isDirectory(Path.of(part))) {
        try (Stream<Path> jars = Files.list(Path.of(part))) {
          jars.sorted().forEach(files::add);
        }
      } else {
        files.add(Path.of(part));
      }
    }
    return files;
  }
}
