// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.output;

import io.vfio4j.engine.stream.Preamble;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HexFormat;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Pattern;

/**
 * Partial files in a directory that killed processes have left: those of the file that is about to be written, and those of
 * other files that contain a stream. A locked one is in use.
 */
final class StalePartialFiles {

  private static final Pattern NAME = Pattern.compile("\\..+\\.[0-9a-f]{8}\\.part", Pattern.DOTALL);

  /** Partial files of this process: opening and closing one of them would release its lock. */
  private static final Set<Path> OWN = ConcurrentHashMap.newKeySet();

  private final Path folder;
  private final String file;

  /**
   * Reads nothing yet.
   *
   * @param file the name of the file in this directory that is about to be written
   */
  StalePartialFiles(Path folder, String file) {
    this.folder = folder;
    this.file = file;
  }

  /** Returns a unique name for a partial file. */
  static String newName(String file) {
    return ".%s.%s.part".formatted(file,
        HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextInt()));
  }

  /** Registers a partial file of this process, before it is created. */
  static void register(Path part) {
    OWN.add(part);
  }

  /** Unregisters it. */
  static void unregister(Path part) {
    OWN.remove(part);
  }

  /** Removes them, as far as this user is permitted to. */
  void remove() throws IOException {
    try (DirectoryStream<Path> parts = Files.newDirectoryStream(folder, StalePartialFiles::isCandidate)) {
      for (Path part : parts) {
        remove(part);
      }
    }
  }

  private static boolean isCandidate(Path entry) {
    return NAME.matcher(String.valueOf(entry.getFileName())).matches()
        && Files.isRegularFile(entry, LinkOption.NOFOLLOW_LINKS) && !OWN.contains(entry);
  }

  private void remove(Path part) throws IOException {
    try (FileChannel open = FileChannel.open(part, StandardOpenOption.READ, StandardOpenOption.WRITE);
        FileLock lock = open.tryLock()) {
      if (lock != null && (isOfFile(part) || holdsStream(open))) {
        Files.deleteIfExists(part);
      }
    } catch (FileSystemException e) {
      // Renamed meanwhile, or of another user.
    }
  }

  private boolean isOfFile(Path part) {
    String name = String.valueOf(part.getFileName());
    return name.length() == newName(file).length() && name.startsWith("." + file + ".");
  }

  private static boolean holdsStream(FileChannel open) throws IOException {
    ByteBuffer beginning = ByteBuffer.allocate(Preamble.BYTES);
    int count = open.read(beginning, 0);
    return count == Preamble.BYTES && Preamble.isStream(beginning.array());
  }
}
