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
 * Copies data between internal memory and DMA memory, one command at a time, in chunks: idle → busy → idle.
 *
 * <p>
 * A command is checked against the internal memory before a byte is copied, and each chunk against the mappings. A command
 * of several chunks that reaches an unmapped address has copied the chunks before it.
 */
final class DmaEngine {

  /** Maximum bytes per step: one message, if the memory is accessed by message. */
  static final long CHUNK_BYTES = 64L << 10;

  /** Receives the results of commands. */
  interface Listener {

    /** Called when a command was rejected, which does not count as completed. */
    void onRejected(Errno errno);

    /** Called when a command was completed, with or without an error. */
    void onCompleted(Optional<Errno> error, boolean interrupts);
  }

  /** The registers at the time when a command was written; later writes are for the next command. */
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
   * Creates the engine and its registers.
   *
   * @param tasks creates the task that calls {@link #step}
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

  /** Starts a command. It is rejected if one is in progress (EBUSY) or its code is unknown (EINVAL). */
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

  /** Copies the next chunk of the command, and returns whether there is more. */
  private boolean step() {
    try {
      if (moved == 0) {
        requireReachable();
      }
      long chunk = Math.min(CHUNK_BYTES, command.length - moved);
      if (chunk > 0) {
        copy(chunk);
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
      throw new ErrnoException(Errno.EINVAL, "the command exceeds the internal memory");
    }
    dma.check(command.iova, command.length, !command.isRead());
  }

  private void copy(long length) throws ErrnoException {
    long at = command.offset + moved;
    MemorySegment inside = memory.slice(at, length);
    if (command.isRead()) {
      try {
        dma.read(command.iova + moved, inside);
      } finally {
        // A read of opaque memory may have failed half-way.
        memory.markDirty(at, length);
      }
    } else {
      dma.write(command.iova + moved, inside);
    }
    moved += length;
  }

  private void complete(Optional<Errno> error) {
    completed.set(completed.value() + 1);
    listener.onCompleted(error, command.interrupts());
  }

  /** Saves the registers and a waiting command. A command in progress is completed before the device is stopped. */
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
