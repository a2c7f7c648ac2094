// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.scratch;

import static io.vfio4j.devices.scratch.ScratchLayout.CHURN_COUNT;
import static io.vfio4j.devices.scratch.ScratchLayout.CHURN_RATE;
import static io.vfio4j.devices.scratch.ScratchLayout.COMMAND;
import static io.vfio4j.devices.scratch.ScratchLayout.COMPLETED;
import static io.vfio4j.devices.scratch.ScratchLayout.DMA_IOVA;
import static io.vfio4j.devices.scratch.ScratchLayout.DMA_LENGTH;
import static io.vfio4j.devices.scratch.ScratchLayout.DMA_OFFSET;
import static io.vfio4j.devices.scratch.ScratchLayout.ID;
import static io.vfio4j.devices.scratch.ScratchLayout.ID_VALUE;
import static io.vfio4j.devices.scratch.ScratchLayout.INT_STATUS;
import static io.vfio4j.devices.scratch.ScratchLayout.MARK_DIRTY;
import static io.vfio4j.devices.scratch.ScratchLayout.MEMORY_SIZE;
import static io.vfio4j.devices.scratch.ScratchLayout.SCRATCH;
import static io.vfio4j.devices.scratch.ScratchLayout.STATUS;
import static io.vfio4j.devices.scratch.ScratchLayout.STATUS_BUSY;
import static io.vfio4j.devices.scratch.ScratchLayout.STATUS_FAILED;
import static io.vfio4j.devices.scratch.ScratchLayout.TIMER;
import static io.vfio4j.devices.scratch.ScratchLayout.TRAFFIC_COUNT;
import static io.vfio4j.devices.scratch.ScratchLayout.TRAFFIC_IOVA;
import static io.vfio4j.devices.scratch.ScratchLayout.TRAFFIC_RATE;
import static io.vfio4j.devices.scratch.ScratchLayout.TRAFFIC_SLOTS;
import static io.vfio4j.devices.scratch.ScratchLayout.VERSION_VALUE;

import io.vfio4j.vfiouser.DmaMemory;
import java.nio.ByteBuffer;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * The registers of BAR0: finds the part of the device that each belongs to. They are laid out so that 8 bytes
 * are one register or two of 32 bits.
 */
final class ScratchRegisters implements WordAccess.Registers {

  /** Offset of the high half of a 64-bit register. */
  private static final int HIGH = 4;

  private final ScratchParts parts;
  private final DmaMemory bus;
  private final BooleanSupplier isRunning;
  private final Consumer<String> log;
  private long scratch;
  private int timerLow;
  private int markDirtyLow;

  ScratchRegisters(ScratchParts parts, DmaMemory bus, BooleanSupplier isRunning, Consumer<String> log) {
    this.parts = parts;
    this.bus = bus;
    this.isRunning = isRunning;
    this.log = log;
  }

  @Override
  public long read(int offset) {
    return switch (offset) {
      case ID -> pair(ID_VALUE, VERSION_VALUE);
      case MEMORY_SIZE -> parts.memory().size();
      case SCRATCH -> scratch;
      case STATUS -> pair(status(), parts.failures().errno());
      case DMA_IOVA -> parts.dma().iova();
      case DMA_OFFSET -> parts.dma().offset();
      case DMA_LENGTH -> parts.dma().length();
      case COMPLETED -> parts.dma().completed();
      case TRAFFIC_IOVA -> parts.traffic().iova();
      case TRAFFIC_SLOTS -> pair(parts.traffic().slots(), parts.traffic().rate());
      case TRAFFIC_COUNT -> parts.traffic().count();
      case CHURN_RATE -> pair(parts.churn().rate(), 0);
      case CHURN_COUNT -> parts.churn().count();
      case INT_STATUS -> pair(parts.lines().status(), 0);
      default -> 0;
    };
  }

  @Override
  public void write(int offset, int value) {
    DmaEngine dma = parts.dma();
    TrafficGenerator traffic = parts.traffic();
    switch (offset) {
      case SCRATCH, SCRATCH + HIGH -> scratch = withHalf(scratch, offset, value);
      case DMA_IOVA, DMA_IOVA + HIGH -> dma.iova(withHalf(dma.iova(), offset, value));
      case DMA_OFFSET, DMA_OFFSET + HIGH -> dma.offset(withHalf(dma.offset(), offset, value));
      case DMA_LENGTH, DMA_LENGTH + HIGH -> dma.length(withHalf(dma.length(), offset, value));
      case COMMAND -> command(value);
      case TIMER -> timerLow = value;
      case TIMER + HIGH -> parts.timer().set(pair(timerLow, value));
      case TRAFFIC_IOVA, TRAFFIC_IOVA + HIGH -> traffic.iova(withHalf(traffic.iova(), offset, value));
      case TRAFFIC_SLOTS -> traffic.slots(value);
      case TRAFFIC_RATE -> traffic.rate(value);
      case CHURN_RATE -> parts.churn().rate(value);
      case INT_STATUS -> parts.lines().clear(value);
      case MARK_DIRTY -> markDirtyLow = value;
      case MARK_DIRTY + HIGH -> markDirty(pair(markDirtyLow, value));
      default -> {
        // Read-only, or no register at all.
      }
    }
  }

  private static long pair(int low, int high) {
    return Integer.toUnsignedLong(low) | (long) high << Integer.SIZE;
  }

  private static long withHalf(long old, int offset, int value) {
    return offset % Long.BYTES == 0 ? pair(value, (int) (old >>> Integer.SIZE)) : pair((int) old, value);
  }

  private int status() {
    return (parts.dma().isBusy() ? STATUS_BUSY : 0) | (parts.failures().lastFailed() ? STATUS_FAILED : 0);
  }

  private void command(int value) {
    if (isRunning.getAsBoolean()) {
      parts.dma().command(value);
    } else {
      log.accept("ignored command 0x%x: the device is stopped".formatted(value));
    }
  }

  private void markDirty(long bytes) {
    if (bytes != 0) {
      bus.lowestMapping().ifPresent(mapping -> bus.markDirty(mapping.iova(),
          Long.compareUnsigned(bytes, mapping.length()) < 0 ? bytes : mapping.length()));
    }
  }

  void reset() {
    scratch = 0;
    timerLow = 0;
    markDirtyLow = 0;
  }

  void save(ByteBuffer image) {
    image.putLong(scratch).putInt(timerLow).putInt(markDirtyLow);
  }

  void load(ByteBuffer image) {
    scratch = image.getLong();
    timerLow = image.getInt();
    markDirtyLow = image.getInt();
  }
}
