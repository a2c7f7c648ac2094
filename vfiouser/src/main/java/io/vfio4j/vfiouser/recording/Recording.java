// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.recording;

import io.vfio4j.linux.Fd;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * Records the connections of a server in a file. Each record is written with one system call before the
 * server continues, so that a killed server leaves at most its last record incomplete.
 *
 * <p>
 * States: recording → stopped → closed, or recording → closed. If the file cannot be written or reaches its
 * maximum size, the recording logs one line and stops; the connections continue. Thread-safe.
 */
public final class Recording implements AutoCloseable {

  /** Maximum size of a recording, bytes. */
  public static final long MAX_FILE_SIZE = 1L << 30;

  private final String name;
  /** Not a FileChannel, which an interrupt of the writing thread would close. */
  private final FileOutputStream file;
  private final long limit;
  private final Consumer<String> log;
  private final LongSupplier clock;
  private final long startNanos;
  /** Guards the fields below, and the order of the records. */
  private final ReentrantLock lock = new ReentrantLock();
  private final ByteBuffer buffer = ByteBuffer.allocate(RecordFormat.MAX_SIZE).order(ByteOrder.LITTLE_ENDIAN);
  private long written;
  private int connections;
  private boolean stopped;

  Recording(String name, FileOutputStream file, long limit, Consumer<String> log, LongSupplier clock) {
    this.name = name;
    this.file = file;
    this.limit = limit;
    this.log = log;
    this.clock = clock;
    this.startNanos = clock.getAsLong();
    buffer.put(RecordFormat.MAGIC).putShort((short) RecordFormat.MAJOR).putShort((short) RecordFormat.MINOR);
    buffer.putInt(RecordFormat.headerCrc(buffer));
    flush(RecordFormat.FILE_HEADER_SIZE);
  }

  /**
   * Starts a recording.
   *
   * @param path the file, created with mode 0600; an existing file is overwritten
   * @param log receives a line if the recording stops before it is closed
   * @throws IOException if the file cannot be opened, or another server records in it
   */
  public static Recording create(Path path, Consumer<String> log) throws IOException {
    try {
      Files.createFile(path,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    } catch (FileAlreadyExistsException _) {
      // Overwritten: opening it below checks the permission.
    }
    RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw");
    try {
      lockAndTruncate(path, file);
    } catch (IOException | RuntimeException e) {
      file.close();
      throw e;
    }
    return of(path.toString(), new FileOutputStream(file.getFD()), log);
  }

  /**
   * Starts a recording in an open file.
   *
   * @param name the file's name in the log
   * @param file an empty file, closed by {@link #close}
   * @param log receives a line if the recording stops before it is closed
   */
  public static Recording of(String name, FileOutputStream file, Consumer<String> log) {
    return new Recording(name, file, MAX_FILE_SIZE, log, System::nanoTime);
  }

  /** Truncates the file, unless another server records in it. */
  private static void lockAndTruncate(Path path, RandomAccessFile file) throws IOException {
    FileLock fileLock;
    try {
      fileLock = file.getChannel().tryLock();
    } catch (OverlappingFileLockException _) {
      fileLock = null;
    }
    if (fileLock == null) {
      throw new IOException(path + " is in use: another server records in it");
    }
    if (file.length() > 0) {
      file.setLength(0);
    }
  }

  /**
   * Records that a client was accepted.
   *
   * @param device the name of the device
   */
  public Connection recordConnect(String device) {
    lock.lock();
    try {
      Connection connection = new Connection(++connections);
      connection.writeText(RecordKind.CONNECTED, System.currentTimeMillis() * 1_000_000, device);
      return connection;
    } finally {
      lock.unlock();
    }
  }

  /** The fields of a record before its descriptors and its data. */
  private record EntryHeader(int connection, RecordKind kind, int channel, long nanos) {
  }

  /** One connection in a recording. */
  public final class Connection {

    private final int number;

    private Connection(int number) {
      this.number = number;
    }

    /**
     * Records bytes that the server received.
     *
     * @param channel 0 for the socket, 1 for the twin socket
     * @param data the bytes, at least one
     * @param fds the descriptors received with them
     */
    public void recordReceived(int channel, MemorySegment data, List<Fd> fds) {
      writeBytes(RecordKind.RECEIVED, channel, data, MemorySegment.NULL, fds);
    }

    /**
     * Records bytes that the server sent.
     *
     * @param channel 0 for the socket, 1 for the twin socket
     * @param head the first bytes
     * @param tail the bytes after them
     * @param fds the descriptors sent with them
     */
    public void recordSent(int channel, MemorySegment head, MemorySegment tail, List<Fd> fds) {
      writeBytes(RecordKind.SENT, channel, head, tail, fds);
    }

    /**
     * Records the end of the connection.
     *
     * @param reason the reason, or empty if the client closed it
     */
    public void recordDisconnect(String reason) {
      writeText(RecordKind.DISCONNECTED, clock.getAsLong() - startNanos, reason);
    }

    private void writeText(RecordKind kind, long nanos, String text) {
      MemorySegment data = MemorySegment.ofArray(text.getBytes(StandardCharsets.UTF_8));
      lock.lock();
      try {
        writeEntry(new EntryHeader(number, kind, 0, nanos), List.of(),
            data.asSlice(0, Math.min(data.byteSize(), RecordFormat.MAX_DATA)));
      } finally {
        lock.unlock();
      }
    }

    private void writeBytes(RecordKind kind, int channel, MemorySegment head, MemorySegment tail,
        List<Fd> fds) {
      lock.lock();
      try {
        if (!stopped) {
          EntryHeader header = new EntryHeader(number, kind, channel, clock.getAsLong() - startNanos);
          writeChunks(header, describeFds(fds), head);
          writeChunks(header, List.of(), tail);
        }
      } finally {
        lock.unlock();
      }
    }
  }

  private List<RecordedFd> describeFds(List<Fd> fds) {
    List<RecordedFd> described = new ArrayList<>();
    for (Fd fd : fds) {
      try {
        described.add(RecordedFd.of(fd));
      } catch (IOException e) {
        stop("a descriptor cannot be examined: " + e.getMessage());
      }
    }
    return described;
  }

  private void writeChunks(EntryHeader header, List<RecordedFd> fds, MemorySegment data) {
    List<RecordedFd> firstFds = fds;
    for (long done = 0; done < data.byteSize(); done += RecordFormat.MAX_DATA) {
      long size = Math.min(RecordFormat.MAX_DATA, data.byteSize() - done);
      writeEntry(header, firstFds, data.asSlice(done, size));
      firstFds = List.of();
    }
  }

  private void writeEntry(EntryHeader header, List<RecordedFd> fds, MemorySegment data) {
    if (stopped) {
      return;
    }
    int size = RecordFormat.HEADER_SIZE + fds.size() * RecordFormat.FD_SIZE + (int) data.byteSize();
    if (size > limit - written) {
      stop("it has %d bytes of at most %d".formatted(written, limit));
      return;
    }
    buffer.clear().putInt(size).putInt(0).putInt(header.connection).put((byte) header.kind.wireValue())
        .put((byte) header.channel)
        .putShort((short) fds.size()).putLong(header.nanos);
    for (RecordedFd fd : fds) {
      buffer.putInt(fd.number()).putInt(fd.kind().wireValue()).putLong(fd.size());
    }
    MemorySegment.copy(data, 0, MemorySegment.ofBuffer(buffer), 0, data.byteSize());
    buffer.putInt(RecordFormat.CRC_AT, RecordFormat.crc(buffer, size));
    flush(size);
  }

  private void flush(int size) {
    try {
      file.write(buffer.array(), 0, size);
      written += size;
    } catch (IOException e) {
      stop(String.valueOf(e.getMessage()));
    }
  }

  private void stop(String reason) {
    if (!stopped) {
      stopped = true;
      log.accept("recording to %s stopped: %s; connections continue unrecorded".formatted(name, reason));
    }
  }

  /** Ends the recording. Open connections are no longer recorded. */
  @Override
  public void close() throws IOException {
    lock.lock();
    try {
      stopped = true;
      file.close();
    } finally {
      lock.unlock();
    }
  }
}
