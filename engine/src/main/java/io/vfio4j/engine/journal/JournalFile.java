// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.journal;

import io.vfio4j.engine.Journal;
import io.vfio4j.engine.JournalException;
import io.vfio4j.engine.JournalStep;
import io.vfio4j.engine.output.FileMessages;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The journal of one side of a migration, which is only appended to. A record is appended under a file lock, after the existing
 * records have been read: if one process tries to record {@link JournalStep#COMMITTED} and another
 * {@link JournalStep#REFUSED}, the second one fails. The format is in {@link JournalFormat}.
 */
public final class JournalFile implements Journal.Entries {

  /** File locks belong to the process, which loses them when it closes any descriptor of the file (fcntl(2)). */
  private static final Lock PROCESS = new ReentrantLock();

  private final Path path;
  private final boolean isForOneHost;

  /**
   * Creates an object for a file.
   *
   * @param isForOneHost whether both sides of the migration are processes of this host
   */
  JournalFile(Path path, boolean isForOneHost) {
    this.path = path;
    this.isForOneHost = isForOneHost;
  }

  /**
   * Creates the file with its first record; file and name are on disk when this returns.
   *
   * @param isForOneHost whether both sides of the migration are processes of this host
   */
  static JournalFile create(Path path, Journal.Header header, boolean isForOneHost) throws JournalException {
    JournalRecord record =
        new JournalRecord(JournalStep.PREPARED, Instant.now(), "nothing has been touched yet");
    boolean made = false;
    PROCESS.lock();
    try {
      try (FileChannel file = FileChannel.open(path,
          Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
        made = true;
        write(file, JournalFormat.firstRecord(header, OwnerProcess.current(), record), 0);
        file.force(true);
      }
      syncFolder(path);
      JournalFile file = new JournalFile(path, isForOneHost);
      file.readBack();
      return file;
    } catch (IOException e) {
      throw failed(path, made, e);
    } finally {
      PROCESS.unlock();
    }
  }

  /**
   * Performs all steps of adding a record, except the write: so a file system without locks, for example, is detected before
   * a device is touched, and the code is loaded before devices are stopped.
   */
  private void readBack() throws JournalException {
    locked(JournalStep.PREPARED, (_, found) -> {
      JournalStep last = requireContents(found).last().step();
      if (last != JournalStep.PREPARED) {
        throw new JournalException("the journal %s begins with '%s'".formatted(path, last), null);
      }
    });
  }

  private static JournalException failed(Path path, boolean made, IOException cause) {
    try {
      if (made) {
        Files.delete(path);
      }
    } catch (IOException e) {
      cause.addSuppressed(e);
    }
    return new JournalException("the journal %s cannot be written: %s".formatted(path, message(cause)),
        cause);
  }

  /** Syncs the directory, so that the name of a new file is on disk. */
  private static void syncFolder(Path path) throws IOException {
    try (FileChannel folder =
        FileChannel.open(Objects.requireNonNull(path.toAbsolutePath().getParent()),
            StandardOpenOption.READ)) {
      folder.force(true);
    }
  }

  public Path path() {
    return path;
  }

  /**
   * Reads the journal.
   *
   * @return its contents; empty if its creation was interrupted, in which case no device was touched
   * @throws JournalException if it cannot be read, or is damaged
   */
  public Optional<JournalContents> read() throws JournalException {
    PROCESS.lock();
    try (FileChannel file = open(StandardOpenOption.READ)) {
      return parse(file).contents();
    } catch (JournalException e) {
      throw e;
    } catch (IOException e) {
      throw new JournalException("the journal %s cannot be read: %s".formatted(path, message(e)), e);
    } finally {
      PROCESS.unlock();
    }
  }

  /** Opens the file. Opening a FIFO would block, and a link may lead to a file of another user. */
  private FileChannel open(StandardOpenOption... how) throws IOException {
    if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)
        && !Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
      throw new IOException("it is not a regular file");
    }
    Set<OpenOption> options = new HashSet<>(Arrays.asList(how));
    options.add(LinkOption.NOFOLLOW_LINKS);
    return FileChannel.open(path, options);
  }

  /**
   * Removes the file if its last record has no successor and is older than an instant, and its process has ended. No process
   * appends to such a file, so nothing is lost between the check and the removal.
   */
  boolean removeIfSettled(Instant before) throws JournalException {
    try {
      // Most files are younger, and need not be read.
      if (Files.getLastModifiedTime(path).toInstant().isBefore(before) && isSettledBefore(before)) {
        return Files.deleteIfExists(path);
      }
      return false;
    } catch (NoSuchFileException e) {
      return false; // Removed by another process.
    } catch (IOException e) {
      throw new JournalException("the journal %s cannot be removed: %s".formatted(path, message(e)), e);
    }
  }

  private boolean isSettledBefore(Instant before) {
    try {
      return read().filter(contents -> contents.isSettled() && contents.last().at().isBefore(before)
          && !contents.process().isAlive()).isPresent();
    } catch (JournalException e) {
      return false; // Unknown: keep it.
    }
  }

  @Override
  public void add(JournalStep step, String reason) throws JournalException {
    locked(step, (file, found) -> {
      requireAllowed(found, step);
      append(file, JournalFormat.nextRecord(new JournalRecord(step, Instant.now(), reason)), found.end(),
          isForced(step));
    });
  }

  /**
   * Returns whether a record is forced to disk. The devices of one host end with it, so the two records that are written
   * while they are stopped need to survive a process only; the record that follows forces them to disk.
   */
  private boolean isForced(JournalStep step) {
    return !isForOneHost || (step != JournalStep.GIVEN && step != JournalStep.COMMITTED);
  }

  /** An action on the locked file and its contents. */
  @FunctionalInterface
  private interface LockedAction {
    void run(FileChannel file, JournalFormat.ParseResult found) throws IOException;
  }

  private void locked(JournalStep step, LockedAction action) throws JournalException {
    PROCESS.lock();
    try (FileChannel file = open(StandardOpenOption.READ, StandardOpenOption.WRITE);
        var _ = file.lock()) {
      action.run(file, parse(file));
    } catch (JournalException e) {
      throw e;
    } catch (IOException e) {
      throw new JournalException(
          "'%s' cannot be recorded in the journal %s: %s".formatted(step, path, message(e)), e);
    } finally {
      PROCESS.unlock();
    }
  }

  private void requireAllowed(JournalFormat.ParseResult found, JournalStep step) throws JournalException {
    JournalContents contents = requireContents(found);
    JournalRecord last = contents.last();
    if (!last.step().next(contents.header().side()).contains(step)) {
      throw new JournalException("the journal %s has '%s' (%s), after which '%s' is not allowed"
          .formatted(path, last.step(), last.reason(), step), null);
    }
  }

  private JournalContents requireContents(JournalFormat.ParseResult found) throws JournalException {
    return found.contents()
        .orElseThrow(() -> new JournalException("the journal " + path + " has no complete record", null));
  }

  private JournalFormat.ParseResult parse(FileChannel file) throws IOException {
    long size = file.size();
    if (size > JournalFormat.MAX_BYTES) {
      throw new JournalException("the journal %s has %d bytes (at most %d)".formatted(path, size,
          JournalFormat.MAX_BYTES),
          null);
    }
    ByteBuffer bytes = ByteBuffer.allocate((int) size);
    while (bytes.hasRemaining()) {
      if (file.read(bytes, bytes.position()) < 0) {
        throw new EOFException("it was truncated meanwhile");
      }
    }
    return JournalFormat.read(bytes.flip(), path.toString());
  }

  /** Appends a record after the last complete one; removes it again if it cannot be written completely. */
  private static void append(FileChannel file, ByteBuffer record, int end, boolean isForced)
      throws IOException {
    file.truncate(end);
    try {
      write(file, record, end);
      if (isForced) {
        file.force(true);
      }
    } catch (IOException e) {
      try {
        file.truncate(end).force(true);
      } catch (IOException later) {
        e.addSuppressed(later);
      }
      throw e;
    }
  }

  private static void write(FileChannel file, ByteBuffer record, long from) throws IOException {
    long at = from;
    while (record.hasRemaining()) {
      at += file.write(record, at);
    }
  }

  private static String message(IOException e) {
    return FileMessages.message(e);
  }
}
