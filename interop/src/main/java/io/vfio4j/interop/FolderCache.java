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

/** Keeps folders from one run to the next: each is there as a whole or not at all, and made anew if another is wanted. */
final class FolderCache {

  private static final String CONTENTS = "contents.txt";

  /** Makes what is to be kept. */
  interface Setup {

    /**
     * Makes it.
     *
     * @param folder where, an empty folder that has another path later
     * @param work a folder for what is needed meanwhile
     */
    void create(Path folder, Path work) throws UnavailableException, IOException, InterruptedException;
  }

  private FolderCache() {
  }

  /**
   * Returns a folder, and makes it if it is missing or another than what is wanted.
   *
   * @param cache where it is kept, which is made; several processes may ask for the same at once
   * @param name its name in there
   * @param wanted says all that what is in it depends on
   * @throws UnavailableException if it cannot be had on this machine
   */
  static Path provide(Path cache, String name, String wanted, Setup setup)
      throws UnavailableException, IOException, InterruptedException {
    Path folder = cache.toAbsolutePath().resolve(name);
    Files.createDirectories(cache);
    try (FileChannel lockFile = FileChannel.open(cache.resolve("lock"), StandardOpenOption.CREATE,
        StandardOpenOption.WRITE); FileLock _ = lockFile.lock()) {
      if (!isCurrent(folder, wanted)) {
        delete(folder);
        Path beside = Files.createTempDirectory(cache.toAbsolutePath(), name + "-");
        try {
          Path made = Files.createDirectory(beside.resolve("made"));
          setup.create(made, Files.createDirectory(beside.resolve("work")));
          Files.writeString(made.resolve(CONTENTS), wanted);
          Files.move(made, folder);
        } finally {
          delete(beside);
        }
      }
    }
    return folder;
  }

  private static boolean isCurrent(Path folder, String wanted) throws IOException {
    Path contents = folder.resolve(CONTENTS);
    return Files.exists(contents) && Files.readString(contents).equals(wanted);
  }

  /** Deletes a folder with all that is in it, if it is there. */
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
