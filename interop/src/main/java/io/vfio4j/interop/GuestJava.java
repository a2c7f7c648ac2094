// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import java.io.IOException;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleDescriptor.Requires;
import java.lang.module.ModuleFinder;
import java.lang.module.ModuleReference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * A Java runtime for guests, with only the JDK modules that are required.
 *
 * @param folder the folder of the runtime
 */
record GuestJava(Path folder) {

  private static final Duration TIMEOUT = Duration.ofMinutes(1);
  /** The archive for uncompressed pointers, which guests do not use. */
  private static final String UNUSED_ARCHIVE = "lib/server/classes_nocoops.jsa";

  /**
   * Returns the runtime from a cache, linked from the running JDK.
   *
   * @param cache the folder of the cache
   * @param modules the files of the modules that it will run
   * @throws UnavailableException if the JDK cannot link a runtime
   */
  static GuestJava in(Path cache, List<Path> modules)
      throws UnavailableException, IOException, InterruptedException {
    Set<String> needed = requiredModules(modules);
    String wanted = System.getProperty("java.vendor.version") + " " + Runtime.version() + " " + needed;
    return new GuestJava(
        FolderCache.provide(cache, "java", wanted, (folder, _) -> link(needed, folder)).resolve("image"));
  }

  /** Returns the JDK modules that the modules require at run time. */
  private static Set<String> requiredModules(List<Path> files) {
    Set<ModuleDescriptor> modules = ModuleFinder.of(files.toArray(Path[]::new)).findAll().stream()
        .map(ModuleReference::descriptor).collect(Collectors.toSet());
    Set<String> own = modules.stream().map(ModuleDescriptor::name).collect(Collectors.toSet());
    return modules.stream().flatMap(module -> module.requires().stream())
        .filter(requires -> !requires.modifiers().contains(Requires.Modifier.STATIC)).map(Requires::name)
        .filter(name -> !own.contains(name)).collect(Collectors.toCollection(TreeSet::new));
  }

  /** Runs jlink as a separate process: it does not work in a JVM with patched modules, as in tests. */
  private static void link(Set<String> modules, Path folder)
      throws UnavailableException, IOException, InterruptedException {
    Path jlink = Path.of(System.getProperty("java.home"), "bin", "jlink");
    if (!Files.isExecutable(jlink)) {
      throw new UnavailableException(jlink + " is missing; it links the guest's runtime");
    }
    ToolProcess.run(TIMEOUT, folder,
        List.of(jlink.toString(), "--add-modules", String.join(",", modules), "--strip-debug",
            "--no-header-files", "--no-man-pages", "--generate-cds-archive", "--output",
            folder.resolve("image").toString()));
    Files.deleteIfExists(folder.resolve("image").resolve(UNUSED_ARCHIVE));
  }

  /** Adds it to a guest's file system as {@code /java}, together with this machine's C library. */
  void addTo(CpioArchive archive) throws IOException, InterruptedException {
    archive.tree("java", folder);
    Set<Path> libraries = libraries();
    Set<Path> folders = new TreeSet<>();
    for (Path library : libraries) {
      for (int names = 1; names < library.getNameCount(); names++) {
        folders.add(library.subpath(0, names));
      }
    }
    for (Path each : folders) {
      archive.folder(each.toString());
    }
    for (Path library : libraries) {
      archive.program(library.toString().substring(1), Files.readAllBytes(library));
    }
  }

  /** Returns this machine's libraries that it is linked with, including the loader. */
  private Set<Path> libraries() throws IOException, InterruptedException {
    String text = ToolProcess.run(TIMEOUT, folder,
        List.of("ldd", folder.resolve("bin/java").toString(),
            folder.resolve("lib/server/libjvm.so").toString(), folder.resolve("lib/libnio.so").toString(),
            folder.resolve("lib/libmanagement.so").toString()));
    // Lines like "libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x...)" and "/lib64/ld-linux-x86-64.so.2 (0x...)".
    return text.lines().map(String::trim).filter(line -> line.endsWith(")"))
        .map(line -> line.substring(line.indexOf("=>") < 0 ? 0 : line.indexOf("=>") + 2).trim())
        .filter(path -> path.startsWith("/")).map(path -> Path.of(path.substring(0, path.indexOf(" ("))))
        .filter(path -> !path.startsWith(folder)).collect(Collectors.toCollection(TreeSet::new));
  }
}
