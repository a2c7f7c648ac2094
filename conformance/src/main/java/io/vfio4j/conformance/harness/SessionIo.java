// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.harness;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceLostException;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ResumingSession;
import io.vfio4j.model.SavingSession;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/** Reads and writes data sessions through one native buffer. Used by one thread. */
public final class SessionIo implements AutoCloseable {

  /** Why a read ended. */
  public enum ReadEnd {
    /** No data at present (ENOMSG); there may be more later. */
    NOTHING_NOW,
    /** The end of the state. */
    END,
    /** The reader's limit. */
    LIMIT
  }

  /** The bytes read, and why the read ended. */
  public static final class ReadResult {
    private final byte[] bytes;
    private final ReadEnd end;

    private ReadResult(byte[] bytes, ReadEnd end) {
      this.bytes = bytes;
      this.end = end;
    }

    public byte[] bytes() {
      return bytes;
    }

    public ReadEnd end() {
      return end;
    }
  }

  private static final int BUFFER_BYTES = 1 << 20;

  private final Stopwatch stopwatch;
  private final int maxState;
  private final Arena arena = Arena.ofConfined();
  private final MemorySegment buffer = arena.allocate(BUFFER_BYTES, 8);

  SessionIo(Stopwatch stopwatch, int maxState) {
    this.stopwatch = stopwatch;
    this.maxState = maxState;
  }

  /** Returns the whole buffer, 1 MiB. */
  public MemorySegment fullBuffer() {
    return buffer;
  }

  /** Returns the largest size of a state that is kept, in bytes. */
  public int maxState() {
    return maxState;
  }

  /** Returns the first bytes of the buffer. */
  public MemorySegment buffer(int bytes) {
    return buffer.asSlice(0, bytes);
  }

  /**
   * Reads to the end of the data available: before the device is stopped, the data of the moment; afterwards,
   * all.
   */
  public byte[] readAll(SavingSession session) throws VerdictException, DeviceLostException {
    long start = stopwatch.now();
    byte[] bytes = read(session, BUFFER_BYTES).bytes();
    stopwatch.recordStream("reading a state", bytes.length, start);
    return bytes;
  }

  /** Reads to the end of the data available, in requests of {@code chunk} bytes. */
  public ReadResult read(SavingSession session, int chunk) throws VerdictException, DeviceLostException {
    ReadResult result = read(session, chunk, maxState);
    if (result.end() == ReadEnd.LIMIT) {
      throw VerdictException.notApplicable("the state has more than %d bytes".formatted(maxState));
    }
    return result;
  }

  /**
   * Reads to the end of the data available, or until a limit.
   *
   * @param chunk the size of each request, in bytes
   * @param limit the number of bytes after which to stop reading
   */
  public ReadResult read(SavingSession session, int chunk, int limit)
      throws VerdictException, DeviceLostException {
    MemorySegment into = buffer(chunk);
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    while (all.size() < limit) {
      long read = readOnce(session, into);
      if (read == SavingSession.END || read == SavingSession.NOTHING_NOW) {
        return new ReadResult(all.toByteArray(),
            read == SavingSession.END ? ReadEnd.END : ReadEnd.NOTHING_NOW);
      }
      if (read < 0 || read > chunk) {
        throw VerdictException.failed("a read of 1 to %d bytes".formatted(chunk),
            "a read of %d bytes".formatted(read));
      }
      all.writeBytes(into.asSlice(0, read).toArray(ValueLayout.JAVA_BYTE));
    }
    return new ReadResult(all.toByteArray(), ReadEnd.LIMIT);
  }

  /** Reads one byte, and returns the result of the session's read. */
  public long readByte(SavingSession session) throws VerdictException, DeviceLostException {
    return readOnce(session, buffer(1));
  }

  /** Reads once. A failure blocks the check on the one that reads a complete state or keeps a session. */
  private static long readOnce(SavingSession session, MemorySegment into)
      throws VerdictException, DeviceLostException {
    try {
      return session.read(into);
    } catch (DeviceLostException e) {
      throw e;
    } catch (DeviceException e) {
      boolean ended = e.errno().equals(Errno.ENODEV);
      throw VerdictException.blocked(ended ? CheckIds.SESSIONS_KEPT : CheckIds.SAVING_WHOLE,
          "a state that can be read",
          String.valueOf(e.getMessage()));
    }
  }

  public void write(ResumingSession session, byte[] bytes) throws DeviceException {
    long start = stopwatch.now();
    write(session, bytes, 0, bytes.length, BUFFER_BYTES);
    stopwatch.recordStream("writing a state", bytes.length, start);
  }

  /** Writes a range of the bytes, in requests of {@code chunk} bytes. */
  public void write(ResumingSession session, byte[] bytes, int from, int to, int chunk)
      throws DeviceException {
    for (int at = from; at < to; at += chunk) {
      int length = Math.min(chunk, to - at);
      MemorySegment.copy(bytes, at, buffer, ValueLayout.JAVA_BYTE, 0, length);
      session.write(buffer.asSlice(0, length));
    }
  }

  /** Concatenates parts of a state. */
  public static byte[] concat(byte[]... parts) {
    byte[] all = new byte[Math.toIntExact(Arrays.stream(parts).mapToLong(part -> part.length).sum())];
    int at = 0;
    for (byte[] part : parts) {
      System.arraycopy(part, 0, all, at, part.length);
      at += part.length;
    }
    return all;
  }

  @Override
  public void close() {
    arena.close();
  }
}
