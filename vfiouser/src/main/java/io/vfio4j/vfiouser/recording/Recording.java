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
 * A file that takes down the sessions of a server while they go on. Each record is given to the system at once, so
 * that a server that is killed leaves all of it but the last.
 *
 * <p>
 * Recording never harms what is recorded: where the file cannot be written any more, or is as long as it may be, it
 * stops with one line, and the sessions go on. For any threads.
 */
public final class Recording implements AutoCloseable {

  /** How long a file may become, in bytes. */
  public static final long MAX_FILE_SIZE = 1L << 30;

  private final String name;
  /** Written without its channel, which an interrupt of the thread that writes would close. */
  private final FileOutputStream file;
  private final long limit;
  private final Consumer<String> log;
  private final LongSupplier clock;
  private final long startNanos;
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
   * Begins a recording.
   *
   * @param path the file, made with mode 0600; one that is there already is written anew
   * @param log takes a line if the recording stops before it is closed
   * @throws IOException if the file cannot be opened
   */
  public static Recording create(Path path, Consumer<String> log) throws IOException {
    try {
      Files.createFile(path,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    } catch (FileAlreadyExistsException _) {
      // Written anew: opening it below says whether that is allowed.
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
   * Begins a recording in a file that is open.
   *
   * @param name what the line calls the file
   * @param file empty; {@link #close} closes it
   * @param log takes a line if the recording stops before it is closed
   */
  public static Recording of(String name, FileOutputStream file, Consumer<String> log) {
    return new Recording(name, file, MAX_FILE_SIZE, log, System::nanoTime);
  }

  /** Empties the file, unless another server records there. */
  private static void lockAndTruncate(Path path, RandomAccessFile file) throws IOException {
    FileLock claimed;
    try {
      claimed = file.getChannel().tryLock();
    } catch (OverlappingFileLockException _) {
      claimed = null;
    }
    if (claimed == null) {
      throw new IOException(path + " is in use: another server records there");
    }
    if (file.length() > 0) {
      file.setLength(0);
    }
  }

  /**
   * Notes that a session begins.
   *
   * @param device the name of the device
   */
  public Connection recordConnect(String device) {
    lock.lock();
    try {
      Connection session = new Connection(++connections);
      session.writeText(RecordKind.CONNECTED, System.currentTimeMillis() * 1_000_000, device);
      return session;
    } finally {
      lock.unlock();
    }
  }

  /** One session of a recording. */
  public final class Connection {

    private final int number;

    private Connection(int number) {
      this.number = number;
    }

    /**
     * Takes down what the server received.
     *
     * @param channel 0 for the socket, 1 for the twin socket
     * @param data the bytes, at least one
     * @param fds the descriptors that came with them
     */
    public void recordReceived(int channel, MemorySegment data, List<Fd> fds) {
      writeBytes(RecordKind.RECEIVED, channel, data, MemorySegment.NULL, fds);
    }

    /**
     * Takes down what the server sent.
     *
     * @param channel 0 for the socket, 1 for the twin socket
     * @param head the first bytes
     * @param tail those that follow
     * @param fds the descriptors that go with them
     */
    public void recordSent(int channel, MemorySegment head, MemorySegment tail, List<Fd> fds) {
      writeBytes(RecordKind.SENT, channel, head, tail, fds);
    }

    /**
     * Notes that the session is over.
     *
     * @param reason why, or empty if the client just left
     */
    public void recordDisconnect(String reason) {
      writeText(RecordKind.DISCONNECTED, clock.getAsLong() - startNanos, reason);
    }

    private void writeText(RecordKind kind, long nanos, String text) {
      MemorySegment data = MemorySegment.ofArray(text.getBytes(StandardCharsets.UTF_8));
      lock.lock();
      try {
        writeEntry(number, kind, 0, nanos, List.of(),
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
          long now = clock.getAsLong() - startNanos;
          writeChunks(number, kind, channel, now, describeFds(fds), head);
          writeChunks(number, kind, channel, now, List.of(), tail);
        }
      } finally {
        lock.unlock();
      }
    }
  }

  private List<RecordedFd> describeFds(List<Fd> fds) {
    List<RecordedFd> examined = new ArrayList<>();
    for (Fd fd : fds) {
      try {
        examined.add(RecordedFd.of(fd));
      } catch (IOException e) {
        stop("a descriptor cannot be examined: " + e.getMessage());
      }
    }
    return examined;
  }

  private void writeChunks(int session, RecordKind kind, int channel, long nanos, List<RecordedFd> fds,
      MemorySegment data) {
    List<RecordedFd> with = fds;
    for (long done = 0; done < data.byteSize(); done += RecordFormat.MAX_DATA) {
      long size = Math.min(RecordFormat.MAX_DATA, data.byteSize() - done);
      writeEntry(session, kind, channel, nanos, with, data.asSlice(done, size));
      with = List.of();
    }
  }

  private void writeEntry(int session, RecordKind kind, int channel, long nanos, List<RecordedFd> fds,
      MemorySegment data) {
    if (stopped) {
      return;
    }
    int size = RecordFormat.HEADER_SIZE + fds.size() * RecordFormat.FD_SIZE + (int) data.byteSize();
    if (size > limit - written) {
      stop("it has %d bytes, and more than %d are not kept".formatted(written, limit));
      return;
    }
    buffer.clear().putInt(size).putInt(0).putInt(session).put((byte) kind.wireValue()).put((byte) channel)
        .putShort((short) fds.size()).putLong(nanos);
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
      log.accept("recording to %s stopped: %s; sessions go on without it".formatted(name, reason));
    }
  }

  /** Ends the recording. Sessions that go on are not recorded any more. */
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
