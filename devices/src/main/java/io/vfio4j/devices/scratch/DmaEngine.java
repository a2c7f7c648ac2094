// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.scratch;

import static io.vfio4j.devices.scratch.ScratchLayout.COMMAND_INTERRUPT;
import static io.vfio4j.devices.scratch.ScratchLayout.COMMAND_READ;
import static io.vfio4j.devices.scratch.ScratchLayout.COMMAND_WRITE;

import io.vfio4j.devices.DeviceMemory;
import io.vfio4j.devices.DmaRange;
import io.vfio4j.devices.DmaTask;
import io.vfio4j.devices.Register;
import io.vfio4j.devices.RegisterBank;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.vfiouser.device.DmaMemory;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.BooleanSupplier;

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
  static final long CHUNK_BYTES = 1L << 20;

  /** Hears how commands end. */
  interface Listener {

    /** A command was refused; it is not one of those completed. */
    void onRejected(Errno why);

    /** A command ended, with an error or without. */
    void onCompleted(Optional<Errno> error, boolean interrupts);
  }

  /** A command as it was given: registers written afterwards are for the next one. */
  private record Command(int code, long iova, long offset, long length) {

    static final Command NONE = new Command(0, 0, 0, 0);

    boolean isRead() {
      return (code & ~COMMAND_INTERRUPT) == COMMAND_READ;
    }

    boolean isKnown() {
      return isRead() || (code & ~COMMAND_INTERRUPT) == COMMAND_WRITE;
    }

    boolean interrupts() {
      return (code & COMMAND_INTERRUPT) != 0;
    }
  }

  private final DeviceMemory memory;
  private final DmaMemory dma;
  private final DmaTask task;
  private final Listener listener;
  private final Register iova;
  private final Register offset;
  private final Register length;
  private final Register completed;
  private Command command = Command.NONE;
  private long moved;

  /**
   * Makes one with its registers.
   *
   * @param tasks makes the task that calls {@link #step}
   */
  DmaEngine(RegisterBank registers, DeviceMemory memory, DmaMemory dma,
      BiFunction<DmaRange, BooleanSupplier, DmaTask> tasks, Listener listener) {
    this.memory = memory;
    this.dma = dma;
    this.listener = listener;
    this.task = tasks.apply(new DmaRange(() -> command.iova, () -> command.length), this::step);
    this.iova = registers.register64("DMA_IOVA", ScratchLayout.DMA_IOVA);
    this.offset = registers.register64("DMA_OFFSET", ScratchLayout.DMA_OFFSET);
    this.length = registers.register64("DMA_LENGTH", ScratchLayout.DMA_LENGTH);
    this.completed = registers.register64("COMPLETED", ScratchLayout.COMPLETED).readOnly();
    registers.register32("COMMAND", ScratchLayout.COMMAND).onCommand(code -> submit((int) code));
  }

  boolean isBusy() {
    return task.isBusy();
  }

  /** Takes a command. It is refused if another is there (EBUSY) or it is unknown (EINVAL). */
  private void submit(int code) {
    Command given = new Command(code, iova.value(), offset.value(), length.value());
    if (task.isBusy()) {
      listener.onRejected(Errno.EBUSY);
    } else if (!given.isKnown()) {
      listener.onRejected(Errno.EINVAL);
    } else {
      start(given);
    }
  }

  private void start(Command given) {
    command = given;
    moved = 0;
    task.start();
  }

  /** Does the next piece of the command. Tells whether there is more. */
  private boolean step() {
    try {
      if (moved == 0) {
        requireReachable();
      }
      long piece = Math.min(CHUNK_BYTES, command.length - moved);
      if (piece > 0) {
        move(piece);
      }
      if (moved < command.length) {
        return true;
      }
      complete(Optional.empty());
    } catch (ErrnoException e) {
      complete(Optional.of(e.errno()));
    }
    return false;
  }

  private void requireReachable() throws ErrnoException {
    boolean fits = Long.compareUnsigned(command.length, memory.size()) <= 0
        && Long.compareUnsigned(command.offset, memory.size() - command.length) <= 0;
    if (!fits) {
      throw new ErrnoException(Errno.EINVAL, "a command beyond the internal memory");
    }
    dma.check(command.iova, command.length, !command.isRead());
  }

  private void move(long piece) throws ErrnoException {
    long at = command.offset + moved;
    MemorySegment inside = memory.slice(at, piece);
    if (command.isRead()) {
      try {
        dma.read(command.iova + moved, inside);
      } finally {
        // Whoever owns the memory may have failed half-way.
        memory.markDirty(at, piece);
      }
    } else {
      dma.write(command.iova + moved, inside);
    }
    moved += piece;
  }

  private void complete(Optional<Errno> error) {
    completed.set(completed.value() + 1);
    listener.onCompleted(error, command.interrupts());
  }

  /**
   * Saves the registers, and a command that waits. One that has begun is finished before a device is stopped.
   */
  void save(ByteBuffer to) {
    to.putLong(iova.value()).putLong(offset.value()).putLong(length.value()).putLong(completed.value());
    Command waiting = task.isBusy() ? command : Command.NONE;
    to.putInt(waiting.code).putLong(waiting.iova).putLong(waiting.offset).putLong(waiting.length);
  }

  void load(ByteBuffer from) {
    iova.set(from.getLong());
    offset.set(from.getLong());
    length.set(from.getLong());
    completed.set(from.getLong());
    Command waiting = new Command(from.getInt(), from.getLong(), from.getLong(), from.getLong());
    if (waiting.isKnown()) {
      start(waiting);
    } else {
      task.cancel();
    }
  }
}
