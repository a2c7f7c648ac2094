// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.base;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** A temporary folder for sockets and journals, deleted when it is closed. */
public final class TemporaryFolder implements AutoCloseable {

  private final Path path;

  /**
   * Creates a folder that only this user can read.
   *
   * @param prefix the beginning of its name
   */
  public TemporaryFolder(String prefix) throws IOException {
    path = Files.createTempDirectory(prefix);
  }

  public Path path() {
    return path;
  }

  @Override
  public void close() {
    try (Stream<Path> files = Files.walk(path)) {
      // The content of a folder before the folder.
      List<Path> remaining = files.toList().reversed();
      for (Path file : remaining) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
