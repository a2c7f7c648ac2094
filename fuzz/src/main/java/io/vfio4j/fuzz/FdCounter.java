// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.fuzz;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Counts the descriptors of this process that somebody has to close. */
final class FdCounter {

  private static final Path FOLDER = Path.of("/proc/self/fd");

  /** How many there are in all, and archives of the JVM's among them, which it opens when it comes to need them. */
  private long all;
  private long archives;

  FdCounter() throws IOException {
    update();
  }

  /** Returns how many more there are than at the last call. */
  long countNew() throws IOException {
    // Seldom does the number change: then each is looked at, which takes long.
    if (count() == all) {
      return 0;
    }
    long before = all - archives;
    update();
    return all - archives - before;
  }

  private void update() throws IOException {
    all = 0;
    archives = 0;
    try (DirectoryStream<Path> open = Files.newDirectoryStream(FOLDER)) {
      for (Path fd : open) {
        all++;
        archives += isArchive(fd) ? 1 : 0;
      }
    }
  }

  private static boolean isArchive(Path fd) throws IOException {
    try {
      return Files.readSymbolicLink(fd).toString().endsWith(".jar");
    } catch (NoSuchFileException _) {
      return false; // Closed since.
    }
  }

  /** The listing itself has one, every time. */
  private static long count() throws IOException {
    long count = 0;
    try (DirectoryStream<Path> open = Files.newDirectoryStream(FOLDER)) {
      for (Path _ : open) {
        count++;
      }
    }
    return count;
  }
}
