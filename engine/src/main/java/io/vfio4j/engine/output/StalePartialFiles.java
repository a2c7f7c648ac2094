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
 * Parts of files in a folder that processes which were killed left behind: whatever is called as a part of the file that
 * is to be written, and parts of other files that hold a stream. One that is locked is somebody's.
 */
final class StalePartialFiles {

  private static final Pattern NAME = Pattern.compile("\\..+\\.[0-9a-f]{8}\\.part", Pattern.DOTALL);

  /** Parts that this process writes: to open and close one of them would free its lock. */
  private static final Set<Path> OWN = ConcurrentHashMap.newKeySet();

  private final Path folder;
  private final String file;

  /**
   * Looks at nothing yet.
   *
   * @param file the name of a file of this folder that is to be written
   */
  StalePartialFiles(Path folder, String file) {
    this.folder = folder;
    this.file = file;
  }

  /** Returns a name for a part of a file, which nobody else has. */
  static String newName(String file) {
    return ".%s.%s.part".formatted(file,
        HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextInt()));
  }

  /** Says that this process is going to write a part, from before it is there. */
  static void register(Path part) {
    OWN.add(part);
  }

  /** Says that it does not any more. */
  static void unregister(Path part) {
    OWN.remove(part);
  }

  /** Removes them, as far as this user may. */
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
      // It has gone to its place meanwhile, or is another user's.
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
