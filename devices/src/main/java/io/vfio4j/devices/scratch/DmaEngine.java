// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.scratch;

import static io.vfio4j.devices.scratch.ScratchLayout.COMMAND_INTERRUPT;
import static io.vfio4j.devices.scratch.ScratchLayout.COMMAND_READ;
import static io.vfio4j.devices.scratch.ScratchLayout.COMMAND_WRITE;

import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.vfiouser.DmaMemory;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Moves data between internal memory and the memory that the device may reach, one command at a time, in
 * pieces.
 *
 * <p>
 * A command is checked against the internal memory before a byte is moved, and each piece against the
 * mappings. One longer than a piece that runs into an unmapped address has moved the pieces before it.
 */
final class DmaEngine {

  /** Bytes moved in one go. */
  static final long PIECE = 1L << 20;

  /** A command as it was given: registers written afterwards are for the next one. */
  private record Command(int code, long iova, long offset, long length) {
    boolean isRead() {
      return (code & ~COMMAND_INTERRUPT) == COMMAND_READ;
    }

    boolean interrupts() {
      return (code & COMMAND_INTERRUPT) != 0;
    }
  }

  private final ScratchMemory memory;
  private final DmaMemory dma;
  private final Failures failures;
  private final InterruptLines lines;
  private long iova;
  private long offset;
  private long length;
  private long completed;
  private @Nullable Command command;
  private long moved;

  DmaEngine(ScratchMemory memory, DmaMemory dma, Failures failures, InterruptLines lines) {
    this.memory = memory;
    this.dma = dma;
    this.failures = failures;
    this.lines = lines;
  }

  long iova() {
    return iova;
  }

  void iova(long value) {
    iova = value;
  }

  long offset() {
    return offset;
  }

  void offset(long value) {
    offset = value;
  }

  long length() {
    return length;
  }

  void length(long value) {
    length = value;
  }

  long completed() {
    return completed;
  }

  boolean isBusy() {
    return command != null;
  }

  /** Returns where the memory of the command that is there begins; 0 if there is none. */
  long commandIova() {
    return command == null ? 0 : command.iova;
  }

  /** Returns how many bytes the command that is there moves; 0 if there is none. */
  long commandLength() {
    return command == null ? 0 : command.length;
  }

  /**
   * Takes a command. It is refused, and not counted, if another is there (EBUSY) or it is unknown (EINVAL).
   */
  void command(int code) {
    if (command != null) {
      failures.failed(Errno.EBUSY);
    } else if (!isKnown(code)) {
      failures.failed(Errno.EINVAL);
    } else {
      command = new Command(code, iova, offset, length);
      moved = 0;
    }
  }

  private static boolean isKnown(int code) {
    int direction = code & ~COMMAND_INTERRUPT;
    return direction == COMMAND_READ || direction == COMMAND_WRITE;
  }

  /** Does the next piece of the command, if there is one. */
  void step() {
    Command current = command;
    if (current == null) {
      return;
    }
    try {
      if (moved == 0) {
        check(current);
      }
      long piece = Math.min(PIECE, current.length - moved);
      if (piece > 0) {
        move(current, piece);
      }
      if (moved == current.length) {
        failures.succeeded();
        complete(current);
      }
    } catch (ErrnoException e) {
      failures.failed(e.errno());
      complete(current);
    }
  }

  /** Does all that is left of the command, if there is one. */
  void finish() {
    while (command != null) {
      step();
    }
  }

  private void check(Command current) throws ErrnoException {
    boolean fits = Long.compareUnsigned(current.length, memory.size()) <= 0
        && Long.compareUnsigned(current.offset, memory.size() - current.length) <= 0;
    if (!fits) {
      throw new ErrnoException(Errno.EINVAL, "a command beyond the internal memory");
    }
    dma.check(current.iova, current.length, !current.isRead());
  }

  private void move(Command current, long piece) throws ErrnoException {
    long at = current.offset + moved;
    MemorySegment inside = memory.slice(at, piece);
    if (current.isRead()) {
      try {
        dma.read(current.iova + moved, inside);
      } finally {
        // Whoever owns the memory may have failed half-way.
        memory.touched(at, piece);
      }
    } else {
      dma.write(current.iova + moved, inside);
    }
    moved += piece;
  }

  private void complete(Command current) {
    command = null;
    completed++;
    if (current.interrupts()) {
      lines.raise(ScratchLayout.COMMAND_VECTOR);
    }
  }

  void reset() {
    iova = 0;
    offset = 0;
    length = 0;
    completed = 0;
    command = null;
  }

  /**
   * Saves the registers, and a command that waits. One that has begun is finished before a device is stopped.
   */
  void save(ByteBuffer image) {
    image.putLong(iova).putLong(offset).putLong(length).putLong(completed);
    Command waiting = command != null ? command : new Command(0, 0, 0, 0);
    image.putInt(waiting.code).putLong(waiting.iova).putLong(waiting.offset).putLong(waiting.length);
  }

  void load(ByteBuffer image) {
    iova = image.getLong();
    offset = image.getLong();
    length = image.getLong();
    completed = image.getLong();
    Command waiting = new Command(image.getInt(), image.getLong(), image.getLong(), image.getLong());
    command = isKnown(waiting.code) ? waiting : null;
    moved = 0;
  }
}
