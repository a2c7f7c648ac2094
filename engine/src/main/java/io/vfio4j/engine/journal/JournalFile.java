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
 * The journal of one side of a migration, which only grows. A record is added under a lock of the file, after what is
 * there has been read: of two processes of which one wants to put down {@link JournalStep#COMMITTED} and the other
 * {@link JournalStep#REFUSED}, the second is told that it cannot.
 */
public final class JournalFile implements Journal.Entries {

  /** A process has its locks as a whole, and loses them when it closes any descriptor of the file. */
  private static final Lock PROCESS = new ReentrantLock();

  private final Path path;

  JournalFile(Path path) {
    this.path = path;
  }

  /** Makes the file, with its first record; it is on the disk, name and all, when this returns. */
  static JournalFile create(Path path, Journal.Header heading) throws JournalException {
    JournalRecord record =
        new JournalRecord(JournalStep.PREPARED, Instant.now(), "nothing has been touched yet");
    boolean made = false;
    PROCESS.lock();
    try {
      try (FileChannel file = FileChannel.open(path,
          Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
        made = true;
        write(file, JournalFormat.firstRecord(heading, OwnerProcess.current(), record), 0);
      }
      syncFolder(path);
      JournalFile file = new JournalFile(path);
      file.readBack();
      return file;
    } catch (IOException e) {
      throw failed(path, made, e);
    } finally {
      PROCESS.unlock();
    }
  }

  /**
   * Goes through all that adding a record takes, short of adding one: a file system that does not lock, say, is found
   * before a device is touched, and code that runs for the first time does so before devices stand still.
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

  /** Makes the name of a new file outlive the system, for which its folder is written out. */
  private static void syncFolder(Path path) throws IOException {
    try (FileChannel folder =
        FileChannel.open(Objects.requireNonNull(path.toAbsolutePath().getParent()),
            StandardOpenOption.READ)) {
      folder.force(true);
    }
  }

  /** Returns where it is. */
  public Path path() {
    return path;
  }

  /**
   * Reads it.
   *
   * @return what it says; empty where its making was cut short, and no device was touched
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

  /** Opens it. To open a FIFO would wait for whoever has its other end, and a link leads to what is not ours. */
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
   * Removes it if nothing can follow, its last record is from before a moment, and its process has ended. Nobody adds
   * to such a file, so nothing can be lost between the look and the removal.
   */
  boolean removeIfSettled(Instant before) throws JournalException {
    try {
      // Most are younger, and need not be read.
      if (Files.getLastModifiedTime(path).toInstant().isBefore(before) && isSettledBefore(before)) {
        return Files.deleteIfExists(path);
      }
      return false;
    } catch (NoSuchFileException e) {
      return false; // Somebody else has removed it.
    } catch (IOException e) {
      throw new JournalException("the journal %s cannot be removed: %s".formatted(path, message(e)), e);
    }
  }

  private boolean isSettledBefore(Instant before) {
    try {
      return read().filter(contents -> contents.isSettled() && contents.last().at().isBefore(before)
          && !contents.process().isAlive()).isPresent();
    } catch (JournalException e) {
      return false; // Nobody can tell.
    }
  }

  @Override
  public void add(JournalStep step, String reason) throws JournalException {
    locked(step, (file, found) -> {
      requireAllowed(found, step);
      append(file, JournalFormat.nextRecord(new JournalRecord(step, Instant.now(), reason)), found.end());
    });
  }

  /** What is done with the file, and with what was found in it, while nobody else can add to it. */
  @FunctionalInterface
  private interface LockedAction {
    void run(FileChannel file, JournalFormat.ParseResult found) throws IOException;
  }

  private void locked(JournalStep step, LockedAction use) throws JournalException {
    PROCESS.lock();
    try (FileChannel file = open(StandardOpenOption.READ, StandardOpenOption.WRITE);
        var _ = file.lock()) {
      use.run(file, parse(file));
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
        .orElseThrow(() -> new JournalException("the journal " + path + " holds no whole record", null));
  }

  private JournalFormat.ParseResult parse(FileChannel file) throws IOException {
    long size = file.size();
    if (size > JournalFormat.MAX_BYTES) {
      throw new JournalException("the journal %s has %d bytes, which is too much".formatted(path, size),
          null);
    }
    ByteBuffer bytes = ByteBuffer.allocate((int) size);
    while (bytes.hasRemaining()) {
      if (file.read(bytes, bytes.position()) < 0) {
        throw new EOFException("it has become shorter");
      }
    }
    return JournalFormat.read(bytes.flip(), path.toString());
  }

  /** Adds a record after the last whole one; what cannot be written to its end is taken away again. */
  private static void append(FileChannel file, ByteBuffer record, int end) throws IOException {
    file.truncate(end);
    try {
      write(file, record, end);
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
    file.force(true);
  }

  private static String message(IOException e) {
    return FileMessages.message(e);
  }
}
