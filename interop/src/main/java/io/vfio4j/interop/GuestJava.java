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
 * A Java runtime for guests, with the modules of the JDK that some others need and no more.
 *
 * @param folder where it is
 */
record GuestJava(Path folder) {

  private static final Duration TIMEOUT = Duration.ofMinutes(1);
  /** Dumped for pointers that are not compressed, which guests have no use for. */
  private static final String UNUSED_ARCHIVE = "lib/server/classes_nocoops.jsa";

  /**
   * Returns one out of a cache, linked from the JDK that runs this.
   *
   * @param cache the folder that it is kept in
   * @param modules the files of the modules that it is to run
   * @throws UnavailableException if the JDK cannot link one
   */
  static GuestJava in(Path cache, List<Path> modules)
      throws UnavailableException, IOException, InterruptedException {
    Set<String> needed = requiredModules(modules);
    String wanted = System.getProperty("java.vendor.version") + " " + Runtime.version() + " " + needed;
    return new GuestJava(
        FolderCache.provide(cache, "java", wanted, (folder, _) -> link(needed, folder)).resolve("image"));
  }

  /** Returns the JDK's modules that others need at run time. */
  private static Set<String> requiredModules(List<Path> files) {
    Set<ModuleDescriptor> modules = ModuleFinder.of(files.toArray(Path[]::new)).findAll().stream()
        .map(ModuleReference::descriptor).collect(Collectors.toSet());
    Set<String> own = modules.stream().map(ModuleDescriptor::name).collect(Collectors.toSet());
    return modules.stream().flatMap(module -> module.requires().stream())
        .filter(requires -> !requires.modifiers().contains(Requires.Modifier.STATIC)).map(Requires::name)
        .filter(name -> !own.contains(name)).collect(Collectors.toCollection(TreeSet::new));
  }

  /** By a process of its own: jlink refuses to work in a Java whose modules are patched, as those of tests are. */
  private static void link(Set<String> modules, Path folder)
      throws UnavailableException, IOException, InterruptedException {
    Path jlink = Path.of(System.getProperty("java.home"), "bin", "jlink");
    if (!Files.isExecutable(jlink)) {
      throw new UnavailableException(jlink + " is missing: the guest's runtime is linked with it");
    }
    ToolProcess.run(TIMEOUT, folder,
        List.of(jlink.toString(), "--add-modules", String.join(",", modules), "--strip-debug",
            "--no-header-files", "--no-man-pages", "--generate-cds-archive", "--output",
            folder.resolve("image").toString()));
    Files.deleteIfExists(folder.resolve("image").resolve(UNUSED_ARCHIVE));
  }

  /** Adds it to a guest's file system, with the C library of this machine, as {@code /java}. */
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

  /** Returns the libraries of this machine that it is linked to, the loader among them. */
  private Set<Path> libraries() throws IOException, InterruptedException {
    String text = ToolProcess.run(TIMEOUT, folder,
        List.of("ldd", folder.resolve("bin/java").toString(),
            folder.resolve("lib/server/libjvm.so").toString(), folder.resolve("lib/libnio.so").toString(),
            folder.resolve("lib/libmanagement.so").toString()));
    // Lines as "libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x...)" and "/lib64/ld-linux-x86-64.so.2 (0x...)".
    return text.lines().map(String::trim).filter(line -> line.endsWith(")"))
        .map(line -> line.substring(line.indexOf("=>") < 0 ? 0 : line.indexOf("=>") + 2).trim())
        .filter(path -> path.startsWith("/")).map(path -> Path.of(path.substring(0, path.indexOf(" ("))))
        .filter(path -> !path.startsWith(folder)).collect(Collectors.toCollection(TreeSet::new));
  }
}
