// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.harness;

import io.vfio4j.conformance.checks.SavingChecks;
import io.vfio4j.conformance.checks.SessionChecks;
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

/** Reads and writes data sessions through a buffer that is its own. */
public final class SessionIo implements AutoCloseable {

  /** What the end of a read was. */
  public enum ReadEnd {
    /** Nothing now, but maybe later. */
    NOTHING_NOW,
    /** Nothing any more. */
    END,
    /** The reader had enough. */
    LIMIT
  }

  /** Bytes and why there are no more. */
  public static final class ReadResult {
    private final byte[] bytes;
    private final ReadEnd end;

    private ReadResult(byte[] bytes, ReadEnd stop) {
      this.bytes = bytes;
      this.end = stop;
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

  SessionIo(Stopwatch stopwatch, int mostState) {
    this.stopwatch = stopwatch;
    this.maxState = mostState;
  }

  /** Returns the whole buffer, 1 MiB. */
  public MemorySegment fullBuffer() {
    return buffer;
  }

  /** Returns how many bytes of a state are kept at most. */
  public int maxState() {
    return maxState;
  }

  /** Returns native memory of a size. */
  public MemorySegment buffer(int bytes) {
    return buffer.asSlice(0, bytes);
  }

  /** Reads all that there is before a device is stopped, or all that is left if it is. */
  public byte[] readAll(SavingSession session) throws VerdictException, DeviceLostException {
    long begun = stopwatch.now();
    byte[] bytes = read(session, BUFFER_BYTES).bytes();
    stopwatch.recordStream("reading a state", bytes.length, begun);
    return bytes;
  }

  /** Reads, so many bytes at once, until there is nothing now or nothing any more. */
  public ReadResult read(SavingSession session, int atOnce) throws VerdictException, DeviceLostException {
    ReadResult piece = read(session, atOnce, maxState);
    if (piece.end() == ReadEnd.LIMIT) {
      throw VerdictException.notApplicable("the state has more than %d bytes".formatted(maxState));
    }
    return piece;
  }

  /**
   * Reads until there is nothing now or nothing any more, or it is enough.
   *
   * @param atOnce bytes asked for at once
   * @param most bytes after which it is enough
   */
  public ReadResult read(SavingSession session, int atOnce, int most)
      throws VerdictException, DeviceLostException {
    MemorySegment into = buffer(atOnce);
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    while (all.size() < most) {
      long read = readOnce(session, into);
      if (read == SavingSession.END || read == SavingSession.NOTHING_NOW) {
        return new ReadResult(all.toByteArray(),
            read == SavingSession.END ? ReadEnd.END : ReadEnd.NOTHING_NOW);
      }
      if (read < 0 || read > atOnce) {
        throw VerdictException.failed("a read of 1 to %d bytes".formatted(atOnce),
            "a read of %d bytes".formatted(read));
      }
      all.writeBytes(into.asSlice(0, read).toArray(ValueLayout.JAVA_BYTE));
    }
    return new ReadResult(all.toByteArray(), ReadEnd.LIMIT);
  }

  /** Reads once, a little. Returns what the session does. */
  public long readByte(SavingSession session) throws VerdictException, DeviceLostException {
    return readOnce(session, buffer(1));
  }

  /** Reads once. A failure is the matter of the checks that read a whole state, and use a session to its end. */
  private static long readOnce(SavingSession session, MemorySegment into)
      throws VerdictException, DeviceLostException {
    try {
      return session.read(into);
    } catch (DeviceLostException e) {
      throw e;
    } catch (DeviceException e) {
      boolean dead = e.errno().equals(Errno.ENODEV);
      throw VerdictException.blocked(dead ? SessionChecks.KEPT : SavingChecks.WHOLE,
          "a state that can be read",
          String.valueOf(e.getMessage()));
    }
  }

  public void write(ResumingSession session, byte[] bytes) throws DeviceException {
    long begun = stopwatch.now();
    write(session, bytes, 0, bytes.length, BUFFER_BYTES);
    stopwatch.recordStream("writing a state", bytes.length, begun);
  }

  /** Writes some of the bytes, so many at once. */
  public void write(ResumingSession session, byte[] bytes, int from, int to, int atOnce)
      throws DeviceException {
    for (int at = from; at < to; at += atOnce) {
      int length = Math.min(atOnce, to - at);
      MemorySegment.copy(bytes, at, buffer, ValueLayout.JAVA_BYTE, 0, length);
      session.write(buffer.asSlice(0, length));
    }
  }

  /** Returns the bytes of one stream after those of the other. */
  public static byte[] concat(byte[] one, byte[] other) {
    byte[] both = Arrays.copyOf(one, one.length + other.length);
    System.arraycopy(other, 0, both, one.length, other.length);
    return both;
  }

  @Override
  public void close() {
    arena.close();
  }
}
