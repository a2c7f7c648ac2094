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
 * A file that is written beside its place and put there once it is complete: at any time there is the old one, or none,
 * or the new one as a whole. What a process that was killed left behind is removed by the next one ({@link StalePartialFiles});
 * the lock of a part says that somebody is at work on it.
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
      UnaryOperator<WritableByteChannel> through) {
    this.path = output.path();
    this.target = output.target();
    this.folder = folder;
    this.part = part;
    this.channel = channel;
    this.writeback = new EarlyWriteback(channel);
    this.output = through.apply(writeback);
  }

  /**
   * Begins a file.
   *
   * @param path its place, as the user named it
   * @throws FileException if it cannot be made there
   */
  public static AtomicFile begin(Path path) throws FileException {
    return begin(path, channel -> channel);
  }

  /** Begins a file that is written to through a channel before its own; only its owner may read it. */
  public static AtomicFile begin(Path path, UnaryOperator<WritableByteChannel> through) throws FileException {
    OutputFile output = OutputFile.of(path);
    if (!output.isReplaced()) {
      throw new FileException(path, "is not a regular file, which could be replaced by a new one", null);
    }
    return begin(output, through, Optional.of(PosixFilePermissions.fromString("rw-------")));
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

  private static AtomicFile begin(OutputFile output, UnaryOperator<WritableByteChannel> through,
      Optional<Set<PosixFilePermission>> permissions) throws FileException {
    try {
      Path place = output.target();
      new StalePartialFiles(folder(place), String.valueOf(place.getFileName())).remove();
      AtomicFile file = open(output, through, permissions);
      while (Files.notExists(file.part)) { // Somebody took it for one that was left, before it was locked.
        file.close();
        file = open(output, through, permissions);
      }
      return file;
    } catch (IOException e) {
      throw new FileException(output.path(), "cannot be made: " + message(e), e);
    }
  }

  private static Path folder(Path place) {
    return Objects.requireNonNull(place.getParent(), "a file is in a folder");
  }

  private static AtomicFile open(OutputFile output, UnaryOperator<WritableByteChannel> through,
      Optional<Set<PosixFilePermission>> permissions) throws IOException {
    Path folder = folder(output.target());
    Path part = folder.resolve(StalePartialFiles.newName(String.valueOf(output.target().getFileName())));
    StalePartialFiles.register(part);
    FileChannel channel =
        FileChannel.open(part, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
            OutputFile.attributes(permissions));
    AtomicFile file = new AtomicFile(output, folder, part, channel, through);
    try {
      channel.lock(); // It is freed with the channel.
      return file;
    } catch (IOException | RuntimeException e) {
      file.close();
      throw e;
    }
  }

  /** Returns its place, as the user named it. */
  public Path path() {
    return path;
  }

  /** What the file is written through. */
  public WritableByteChannel channel() {
    return output;
  }

  /** Tells whether the new file is in its place, whatever else failed. */
  public boolean isInPlace() {
    return inPlace;
  }

  /** Returns the number of bytes written. */
  public long size() throws IOException {
    return channel.size();
  }

  /**
   * Puts the file in its place, where it outlives the system once this returns.
   *
   * @throws FileException if that failed; {@link #isInPlace} tells how far it got
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
          ? "is in its place, but whether it outlives the system is unknown: " + message(e)
          : "cannot be put in its place: " + message(e), e);
    }
  }

  /** Returns what went wrong with a file; its name alone, as some say it, does not tell that. */
  public static String message(IOException e) {
    return FileMessages.message(e);
  }

  /** Removes what is not in its place. What is there is on its disk, so that nothing that fails here concerns it. */
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
