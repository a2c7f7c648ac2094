// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.fuzz;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Counts the open descriptors of this process, except the class archives that the JVM opens on demand. */
final class FdCounter {

  private static final Path FOLDER = Path.of("/proc/self/fd");

  /** The number of open descriptors, and of those that are class archives. */
  private long all;
  private long archives;

  FdCounter() throws IOException {
    update();
  }

  /** Returns how many more are open than at the last call. */
  long countNew() throws IOException {
    // The number rarely changes; only then is each one examined, which is slow.
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
      return false; // Closed meanwhile.
    }
  }

  /** Counts all descriptors, including the one of the listing itself. */
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
