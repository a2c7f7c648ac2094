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

/** Writes 1, 2, 3 and so on to slots in turn, at a rate. */
final class TrafficGenerator {

  /** Bytes of {@link #save}. */
  static final int STATE_BYTES = 24;

  private final DmaMemory dma;
  private final Consumer<Errno> errorHandler;
  private final Register iova;
  private final Register slots;
  private final Register rate;
  private final Register count;
  private final DevicePacer pacer;

  /**
   * Makes one with its registers.
   *
   * @param name begins the registers' names
   * @param behind where its registers are, bytes from those of the first
   * @param pacers makes what calls {@link #writeNext}
   * @param failed hears of a write that failed, after which there are no more
   */
  TrafficGenerator(RegisterBank registers, String name, int behind, DmaMemory dma,
      BiFunction<DmaRange, BooleanSupplier, DevicePacer> pacers, Consumer<Errno> failed) {
    this.dma = dma;
    this.errorHandler = failed;
    this.iova = registers.register64(name + "_IOVA", ScratchLayout.TRAFFIC_IOVA + behind);
    this.slots = registers.register32(name + "_SLOTS", ScratchLayout.TRAFFIC_SLOTS + behind)
        .onWrite(written -> updateRate());
    this.rate = registers.register32(name + "_RATE", ScratchLayout.TRAFFIC_RATE + behind)
        .onWrite(written -> updateRate());
    this.count = registers.register64(name + "_COUNT", ScratchLayout.TRAFFIC_COUNT + behind).readOnly();
    this.pacer = pacers.apply(new DmaRange(iova::value, this::bytes), this::writeNext);
  }

  private void updateRate() {
    pacer.rate(slots.value() == 0 ? 0 : rate.value());
  }

  /** Returns the bytes of all slots. */
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
   * Goes on where another one was.
   *
   * @param counted makes the count of that which was saved
   */
  void load(ByteBuffer from, LongUnaryOperator counted) {
    iova.set(from.getLong());
    slots.set(from.getInt());
    rate.set(from.getInt());
    count.set(counted.applyAsLong(from.getLong()));
    updateRate();
  }
}
