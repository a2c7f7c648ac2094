// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance;

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
final class Streams implements AutoCloseable {

  /** What the end of a read was. */
  enum Stop {
    /** Nothing now, but maybe later. */
    NOTHING_NOW,
    /** Nothing any more. */
    END,
    /** The reader had enough. */
    ENOUGH
  }

  /** Bytes and why there are no more. */
  static final class Piece {
    private final byte[] bytes;
    private final Stop stop;

    private Piece(byte[] bytes, Stop stop) {
      this.bytes = bytes;
      this.stop = stop;
    }

    byte[] bytes() {
      return bytes;
    }

    Stop stop() {
      return stop;
    }
  }

  private static final int BUFFER_BYTES = 1 << 20;

  private final Stopwatch stopwatch;
  private final int mostState;
  private final Arena arena = Arena.ofConfined();
  private final MemorySegment buffer = arena.allocate(BUFFER_BYTES, 8);

  Streams(Stopwatch stopwatch, int mostState) {
    this.stopwatch = stopwatch;
    this.mostState = mostState;
  }

  /** Returns the whole buffer, 1 MiB. */
  MemorySegment whole() {
    return buffer;
  }

  /** Returns how many bytes of a state are kept at most. */
  int mostState() {
    return mostState;
  }

  /** Returns native memory of a size. */
  MemorySegment buffer(int bytes) {
    return buffer.asSlice(0, bytes);
  }

  /** Reads all that there is before a device is stopped, or all that is left if it is. */
  byte[] readAll(SavingSession session) throws Judgement, DeviceLostException {
    long begun = stopwatch.now();
    byte[] bytes = read(session, BUFFER_BYTES).bytes();
    stopwatch.streamed("reading a state", bytes.length, begun);
    return bytes;
  }

  /** Reads, so many bytes at once, until there is nothing now or nothing any more. */
  Piece read(SavingSession session, int atOnce) throws Judgement, DeviceLostException {
    Piece piece = read(session, atOnce, mostState);
    if (piece.stop() == Stop.ENOUGH) {
      throw Judgement.notApplicable("the state has more than %d bytes".formatted(mostState));
    }
    return piece;
  }

  /**
   * Reads until there is nothing now or nothing any more, or it is enough.
   *
   * @param atOnce bytes asked for at once
   * @param most bytes after which it is enough
   */
  Piece read(SavingSession session, int atOnce, int most) throws Judgement, DeviceLostException {
    MemorySegment into = buffer(atOnce);
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    while (all.size() < most) {
      long read = readOnce(session, into);
      if (read == SavingSession.END || read == SavingSession.NOTHING_NOW) {
        return new Piece(all.toByteArray(), read == SavingSession.END ? Stop.END : Stop.NOTHING_NOW);
      }
      if (read < 0 || read > atOnce) {
        throw Judgement.failed("a read of 1 to %d bytes".formatted(atOnce),
            "a read of %d bytes".formatted(read));
      }
      all.writeBytes(into.asSlice(0, read).toArray(ValueLayout.JAVA_BYTE));
    }
    return new Piece(all.toByteArray(), Stop.ENOUGH);
  }

  /** Reads once, a little. Returns what the session does. */
  long touch(SavingSession session) throws Judgement, DeviceLostException {
    return readOnce(session, buffer(1));
  }

  /** Reads once. A failure is the matter of the checks that read a whole state, and use a session to its end. */
  private static long readOnce(SavingSession session, MemorySegment into)
      throws Judgement, DeviceLostException {
    try {
      return session.read(into);
    } catch (DeviceLostException e) {
      throw e;
    } catch (DeviceException e) {
      boolean dead = e.errno().equals(Errno.ENODEV);
      throw Judgement.blocked(dead ? SessionChecks.KEPT : SavingChecks.WHOLE, "a state that can be read",
          String.valueOf(e.getMessage()));
    }
  }

  void write(ResumingSession session, byte[] bytes) throws DeviceException {
    long begun = stopwatch.now();
    write(session, bytes, 0, bytes.length, BUFFER_BYTES);
    stopwatch.streamed("writing a state", bytes.length, begun);
  }

  /** Writes some of the bytes, so many at once. */
  void write(ResumingSession session, byte[] bytes, int from, int to, int atOnce) throws DeviceException {
    for (int at = from; at < to; at += atOnce) {
      int length = Math.min(atOnce, to - at);
      MemorySegment.copy(bytes, at, buffer, ValueLayout.JAVA_BYTE, 0, length);
      session.write(buffer.asSlice(0, length));
    }
  }

  /** Returns the bytes of one stream after those of the other. */
  static byte[] joined(byte[] one, byte[] other) {
    byte[] both = Arrays.copyOf(one, one.length + other.length);
    System.arraycopy(other, 0, both, one.length, other.length);
    return both;
  }

  @Override
  public void close() {
    arena.close();
  }
}
