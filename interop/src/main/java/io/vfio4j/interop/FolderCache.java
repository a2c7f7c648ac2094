// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** Caches folders between runs. Each is complete or missing, and is recreated if its description changes. */
final class FolderCache {

  private static final String CONTENTS = "contents.txt";

  /** Creates the content of a cached folder. */
  interface Setup {

    /**
     * Creates the content.
     *
     * @param folder an empty folder, which is moved afterwards
     * @param work a folder for temporary files
     */
    void create(Path folder, Path work) throws UnavailableException, IOException, InterruptedException;
  }

  private FolderCache() {
  }

  /**
   * Returns a folder, and creates it if it is missing or has another description.
   *
   * @param cache the folder of the cache, created if missing; safe for use by several processes
   * @param name its name in the cache
   * @param description a description of everything that its content depends on
   * @throws UnavailableException if it cannot be created on this machine
   */
  static Path provide(Path cache, String name, String description, Setup setup)
      throws UnavailableException, IOException, InterruptedException {
    Path folder = cache.toAbsolutePath().resolve(name);
    Files.createDirectories(cache);
    try (FileChannel lockFile = FileChannel.open(cache.resolve("lock"), StandardOpenOption.CREATE,
        StandardOpenOption.WRITE); FileLock _ = lockFile.lock()) {
      if (!isCurrent(folder, description)) {
        delete(folder);
        Path beside = Files.createTempDirectory(cache.toAbsolutePath(), name + "-");
        try {
          Path made = Files.createDirectory(beside.resolve("made"));
          setup.create(made, Files.createDirectory(beside.resolve("work")));
          Files.writeString(made.resolve(CONTENTS), description);
          Files.move(made, folder);
        } finally {
          delete(beside);
        }
      }
    }
    return folder;
  }

  private static boolean isCurrent(Path folder, String description) throws IOException {
    Path contents = folder.resolve(CONTENTS);
    return Files.exists(contents) && Files.readString(contents).equals(description);
  }

  /** Deletes a folder recursively, if it exists. */
  static void delete(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    List<Path> all;
    try (Stream<Path> found = Files.walk(folder)) {
      all = found.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path path : all) {
      Files.delete(path);
    }
  }
}
