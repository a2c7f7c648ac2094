// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.output;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * A file that is written as a partial file in the same directory and renamed once it is complete: at any time there is the
 * old file, or none, or the complete new one. A partial file left by a killed process is removed by the next one
 * ({@link StalePartialFiles}); the lock of a partial file marks it as in use.
 *
 * <pre>
 * open > in place   published
 * open > closed     removed, as if it had never been written
 * </pre>
 */
public final class AtomicFile implements AutoCloseable {

  private final Path path;
  private final Path target;
  private final Path folder;
  private final Path part;
  private final FileChannel channel;
  private final EarlyWriteback writeback;
  private final WritableByteChannel output;
  private boolean inPlace;

  private AtomicFile(OutputFile output, Path folder, Path part, FileChannel channel,
      UnaryOperator<WritableByteChannel> filter) {
    this.path = output.path();
    this.target = output.target();
    this.folder = folder;
    this.part = part;
    this.channel = channel;
    this.writeback = new EarlyWriteback(channel);
    this.output = filter.apply(writeback);
  }

  /**
   * Creates a partial file for a path.
   *
   * @param path the file, as the user named it
   * @throws FileException if it cannot be created
   */
  public static AtomicFile begin(Path path) throws FileException {
    return begin(path, channel -> channel);
  }

  /** Creates a partial file that is written through a filter channel; only its owner may read it. */
  public static AtomicFile begin(Path path, UnaryOperator<WritableByteChannel> filter) throws FileException {
    OutputFile output = OutputFile.of(path);
    if (!output.isReplaced()) {
      throw new FileException(path, "is not a regular file, so it cannot be replaced", null);
    }
    return begin(output, filter, Optional.of(PosixFilePermissions.fromString("rw-------")));
  }

  /** Writes a file that is replaced as a whole. */
  static void write(OutputFile output, byte[] bytes, Optional<Set<PosixFilePermission>> permissions)
      throws IOException {
    try (AtomicFile file = begin(output, channel -> channel, permissions)) {
      ByteBuffer data = ByteBuffer.wrap(bytes);
      while (data.hasRemaining()) {
        file.channel().write(data);
      }
      file.publish();
    }
  }

  private static AtomicFile begin(OutputFile output, UnaryOperator<WritableByteChannel> filter,
      Optional<Set<PosixFilePermission>> permissions) throws FileException {
    try {
      Path place = output.target();
      new StalePartialFiles(folder(place), String.valueOf(place.getFileName())).remove();
      AtomicFile file = open(output, filter, permissions);
      while (Files.notExists(file.part)) { // Another process removed it as stale before it was locked.
        file.close();
        file = open(output, filter, permissions);
      }
      return file;
    } catch (IOException e) {
      throw new FileException(output.path(), "cannot be created: " + message(e), e);
    }
  }

  private static Path folder(Path place) {
    return Objects.requireNonNull(place.getParent(), "a file is in a folder");
  }

  private static AtomicFile open(OutputFile output, UnaryOperator<WritableByteChannel> filter,
      Optional<Set<PosixFilePermission>> permissions) throws IOException {
    Path folder = folder(output.target());
    Path part = folder.resolve(StalePartialFiles.newName(String.valueOf(output.target().getFileName())));
    StalePartialFiles.register(part);
    FileChannel channel =
        FileChannel.open(part, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
            OutputFile.attributes(permissions));
    AtomicFile file = new AtomicFile(output, folder, part, channel, filter);
    try {
      channel.lock(); // Released with the channel.
      return file;
    } catch (IOException | RuntimeException e) {
      file.close();
      throw e;
    }
  }

  /** Returns the file, as the user named it. */
  public Path path() {
    return path;
  }

  /** Returns the channel to write to. */
  public WritableByteChannel channel() {
    return output;
  }

  /** Returns whether the new file is in its place, whatever failed after that. */
  public boolean isInPlace() {
    return inPlace;
  }

  /** Returns the number of bytes written. */
  public long size() throws IOException {
    return channel.size();
  }

  /**
   * Renames the file to its path; it is on stable storage, including its name, when this returns.
   *
   * @throws FileException if that failed; {@link #isInPlace} returns whether it was renamed
   */
  public void publish() throws FileException {
    try {
      writeback.finish();
      channel.force(true);
      Files.move(part, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      inPlace = true;
      try (FileChannel directory = FileChannel.open(folder, StandardOpenOption.READ)) {
        directory.force(true);
      }
    } catch (IOException e) {
      throw new FileException(path, inPlace
          ? "is in its place, but may not be on disk: " + message(e)
          : "cannot be replaced: " + message(e), e);
    }
  }

  /** Returns what failed; the message of some exceptions is only the name of the file. */
  public static String message(IOException e) {
    return FileMessages.message(e);
  }

  /** Removes the file unless it is in its place. If it is, it is on disk, so that failures here do not matter. */
  @Override
  public void close() throws IOException {
    try (channel; writeback) {
      if (!inPlace) {
        Files.deleteIfExists(part);
      }
    } catch (IOException e) {
      if (!inPlace) {
        throw e;
      }
    } finally {
      StalePartialFiles.unregister(part);
    }
  }
}
