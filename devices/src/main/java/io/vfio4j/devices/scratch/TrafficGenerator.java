// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.scratch;

import io.vfio4j.devices.DevicePacer;
import io.vfio4j.devices.DmaRange;
import io.vfio4j.devices.Register;
import io.vfio4j.devices.RegisterBank;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.vfiouser.device.DmaMemory;
import java.nio.ByteBuffer;
import java.util.function.BiFunction;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.LongUnaryOperator;

/** Writes 1, 2, 3 and so on to consecutive slots of DMA memory, wrapping around, at a rate. */
final class TrafficGenerator {

  /** The length in bytes of the state that {@link #save} writes. */
  static final int STATE_BYTES = 24;

  /**
   * The location of a generator's registers.
   *
   * @param bank the register bank
   * @param name the prefix of the registers' names
   * @param offset the offset from the registers of the first generator in bytes
   */
  record RegisterBlock(RegisterBank bank, String name, int offset) {
  }

  private final DmaMemory dma;
  private final Consumer<Errno> errorHandler;
  private final Register iova;
  private final Register slots;
  private final Register rate;
  private final Register count;
  private final DevicePacer pacer;

  /**
   * Creates a generator and its registers.
   *
   * @param block the location of the registers
   * @param pacers creates the pacer that calls {@link #writeNext}
   * @param errorHandler called after a failed write, which stops the traffic
   */
  TrafficGenerator(RegisterBlock block, DmaMemory dma,
      BiFunction<DmaRange, BooleanSupplier, DevicePacer> pacers, Consumer<Errno> errorHandler) {
    this.dma = dma;
    this.errorHandler = errorHandler;
    this.iova = block.bank().register64(block.name() + "_IOVA", ScratchLayout.TRAFFIC_IOVA + block.offset());
    this.slots =
        block.bank().register32(block.name() + "_SLOTS", ScratchLayout.TRAFFIC_SLOTS + block.offset())
            .onWrite(written -> updateRate());
    this.rate = block.bank().register32(block.name() + "_RATE", ScratchLayout.TRAFFIC_RATE + block.offset())
        .onWrite(written -> updateRate());
    this.count = block.bank()
        .register64(block.name() + "_COUNT", ScratchLayout.TRAFFIC_COUNT + block.offset()).readOnly();
    this.pacer = pacers.apply(new DmaRange(iova::value, this::bytes), this::writeNext);
  }

  private void updateRate() {
    pacer.rate(slots.value() == 0 ? 0 : rate.value());
  }

  /** Returns the length of all slots in bytes. */
  private long bytes() {
    return slots.value() * Long.BYTES;
  }

  private boolean writeNext() {
    long written = count.value();
    long slot = Long.remainderUnsigned(written, slots.value());
    try {
      dma.writeLong(iova.value() + slot * Long.BYTES, written + 1);
    } catch (ErrnoException e) {
      errorHandler.accept(e.errno());
      rate.set(0);
      return false;
    }
    count.set(written + 1);
    return true;
  }

  void save(ByteBuffer to) {
    to.putLong(iova.value()).putInt(slots.intValue()).putInt(rate.intValue()).putLong(count.value());
  }

  /**
   * Loads a saved state, and continues from there.
   *
   * @param countAfterLoad maps the saved count to the one to continue from
   */
  void load(ByteBuffer from, LongUnaryOperator countAfterLoad) {
    iova.set(from.getLong());
    slots.set(from.getInt());
    rate.set(from.getInt());
    count.set(countAfterLoad.applyAsLong(from.getLong()));
    updateRate();
  }
}
