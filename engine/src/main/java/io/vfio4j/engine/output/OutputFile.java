// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.output;

import io.vfio4j.engine.util.Closeables;
import io.vfio4j.engine.util.FileTypes;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The file that an output option names; the same rule for all such options. Symbolic links are followed and stay links.
 * Their target is:
 *
 * <ul>
 * <li>a regular file, or missing: replaced atomically, by a rename;
 * <li>a character device or a pipe: written in place;
 * <li>an open descriptor of a process ({@code /dev/stdout}, {@code /dev/fd/N}): written in place, appended if it is a regular
 * file;
 * <li>a directory, a block device or a socket: refused, before any work starts.
 * </ul>
 */
public final class OutputFile {

  private static final int MAX_LINKS = 40; // As in Linux, path_resolution(7).

  private static final Pattern DESCRIPTORS = Pattern.compile("/proc/(\\d+)(?:/task/\\d+)?/fd");

  private static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rw-------");

  private final Path path;
  private final Path target;
  private final Kind kind;
  private final boolean isOwnerOnly;

  /** How a file is written. */
  private enum Kind {
    /** It is replaced by a new file. */
    REPLACED,
    /** It is opened as it is. */
    IN_PLACE,
    /** It is a named pipe, which is opened without waiting for a reader. */
    PIPE,
    /** It is the standard output of this process. */
    STANDARD_OUTPUT,
    /** It is the standard error of this process. */
    STANDARD_ERROR
  }

  private OutputFile(Path path, Path place, Kind kind, boolean isSecret) {
    this.path = path;
    this.target = place;
    this.kind = kind;
    this.isOwnerOnly = isSecret;
  }

  /**
   * Examines a file without opening it.
   *
   * @param path the file, as the user named it
   * @throws FileException if it cannot be written
   */
  public static OutputFile of(Path path) throws FileException {
    try {
      return examine(path);
    } catch (IOException e) {
      throw e instanceof FileException refused ? refused
          : new FileException(path, "cannot be written: " + AtomicFile.message(e), e);
    }
  }

  /** Returns the same file, which only its owner may read once it is replaced. */
  public OutputFile ownerOnly() {
    return new OutputFile(path, target, kind, true);
  }

  private static OutputFile examine(Path path) throws IOException {
    Path place = path.toAbsolutePath();
    for (int links = 0; links <= MAX_LINKS; links++) {
      Path folder = place.getParent();
      Path name = place.getFileName();
      if (folder == null || name == null || Files.isDirectory(place)) {
        throw new FileException(path, "is a directory", null);
      }
      if (!Files.isDirectory(folder)) {
        throw new FileException(path, "cannot be written: there is no directory " + folder, null);
      }
      Path realFolder = folder.toRealPath();
      place = realFolder.resolve(name);
      Matcher descriptors = DESCRIPTORS.matcher(realFolder.toString());
      if (descriptors.matches()) {
        boolean isOurs = Long.parseLong(descriptors.group(1)) == ProcessHandle.current().pid();
        return new OutputFile(path, place, descriptor(path, place, isOurs ? name.toString() : ""), false);
      }
      if (!Files.isSymbolicLink(place)) {
        return new OutputFile(path, place, file(path, place), false);
      }
      place = realFolder.resolve(Files.readSymbolicLink(place));
    }
    throw new FileException(path, "has too many levels of symbolic links", null);
  }

  private static Kind descriptor(Path path, Path place, String ours) throws IOException {
    if (ours.equals("1")) {
      return Kind.STANDARD_OUTPUT;
    }
    if (ours.equals("2")) {
      return Kind.STANDARD_ERROR;
    }
    Kind kind = kind(path, FileTypes.of(place));
    return kind == Kind.REPLACED ? Kind.IN_PLACE : kind;
  }

  private static Kind file(Path path, Path place) throws IOException {
    if (Files.notExists(place, LinkOption.NOFOLLOW_LINKS)
        || kind(path, FileTypes.of(place)) == Kind.REPLACED) {
      Path folder = folder(place);
      if (!Files.isWritable(folder)) {
        throw new FileException(path, "cannot be written: no permission to create files in " + folder, null);
      }
      return Kind.REPLACED;
    }
    if (!Files.isWritable(place)) {
      throw new FileException(path, "cannot be written: no permission", null);
    }
    return kind(path, FileTypes.of(place));
  }

  private static Kind kind(Path path, int type) throws FileException {
    return switch (type) {
      case FileTypes.REGULAR -> Kind.REPLACED;
      case FileTypes.CHARACTER_DEVICE -> Kind.IN_PLACE;
      case FileTypes.FIFO -> Kind.PIPE;
      case FileTypes.DIRECTORY -> throw new FileException(path, "is a directory", null);
      case FileTypes.BLOCK_DEVICE ->
        throw new FileException(path, "is a block device, which is not overwritten", null);
      default -> throw new FileException(path, "is a socket, which cannot be opened for writing", null);
    };
  }

  private static Path folder(Path place) {
    Path folder = place.getParent();
    if (folder == null) {
      throw new IllegalStateException(place + " is the root");
    }
    return folder;
  }

  /** Returns the file, as the user named it. */
  public Path path() {
    return path;
  }

  /** Returns the target of all links. */
  Path target() {
    return target;
  }

  /** Returns whether it is replaced by a new file. */
  boolean isReplaced() {
    return kind == Kind.REPLACED;
  }

  /**
   * Writes the whole file. An interrupt of the calling thread does not affect that.
   *
   * @throws IOException if that failed; a file that would have been replaced is unchanged then
   */
  public void write(String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    boolean interrupted = Thread.interrupted();
    try {
      if (kind == Kind.REPLACED) {
        AtomicFile.write(this, bytes, permissions());
      } else {
        try (FileOutputStream out = open()) {
          out.write(bytes);
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /**
   * Opens the file for incremental writing, while other processes may read it. A file that is replaced is empty when this
   * returns, and locked until it is closed. An interrupt of a writing thread does not close it.
   *
   * @throws IOException if it cannot be opened, or another process has opened it like this
   */
  public FileOutputStream open() throws IOException {
    return switch (kind) {
      case REPLACED -> replace();
      case IN_PLACE -> new FileOutputStream(target.toFile(), true);
      case PIPE -> openPipe();
      case STANDARD_OUTPUT -> new StandardStream(FileDescriptor.out);
      case STANDARD_ERROR -> new StandardStream(FileDescriptor.err);
    };
  }

  /** Opening a named pipe for writing blocks until there is a reader; opening it for both does not. */
  private FileOutputStream openPipe() throws IOException {
    try (RandomAccessFile _ = new RandomAccessFile(target.toFile(), "rw")) {
      return new FileOutputStream(target.toFile(), true);
    }
  }

  private FileOutputStream replace() throws IOException {
    requireUnused();
    Path part = folder(target).resolve(StalePartialFiles.newName(String.valueOf(target.getFileName())));
    Files.createFile(part, attributes(permissions()));
    FileOutputStream out = null;
    try {
      out = new FileOutputStream(part.toFile());
      lock(out.getChannel());
      Files.move(part, target, StandardCopyOption.ATOMIC_MOVE);
      return out;
    } catch (IOException | RuntimeException e) {
      Closeables.closeAfter(e, out);
      Files.deleteIfExists(part);
      throw e;
    }
  }

  private void requireUnused() throws IOException {
    if (Files.isRegularFile(target) && Files.isWritable(target)) {
      try (FileChannel current = FileChannel.open(target, StandardOpenOption.WRITE)) {
        lock(current);
      }
    }
  }

  private void lock(FileChannel channel) throws IOException {
    FileLock lock;
    try {
      lock = channel.tryLock();
    } catch (OverlappingFileLockException e) {
      lock = null;
    }
    if (lock == null) {
      throw new FileException(path, "is in use: another process is writing to it", null);
    }
  }

  /** Returns the permissions of a new file: those of the file that it replaces; empty to use the umask. */
  private Optional<Set<PosixFilePermission>> permissions() throws IOException {
    if (isOwnerOnly) {
      return Optional.of(OWNER_ONLY);
    }
    return Files.isRegularFile(target) ? Optional.of(Files.getPosixFilePermissions(target))
        : Optional.empty();
  }

  static FileAttribute<?>[] attributes(Optional<Set<PosixFilePermission>> permissions) {
    return permissions
        .map(all -> new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(all)})
        .orElseGet(() -> new FileAttribute<?>[0]);
  }

  @Override
  public String toString() {
    return path.toString();
  }

  /** A standard stream, which the rest of the process uses too: it stays open. */
  private static final class StandardStream extends FileOutputStream {

    StandardStream(FileDescriptor descriptor) {
      super(descriptor);
    }

    @Override
    public void close() {
      // Stays open.
    }
  }
}
