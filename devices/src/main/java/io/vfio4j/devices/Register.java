// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import io.vfio4j.devices.state.StateItem;
import io.vfio4j.vfiouser.Doorbell;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A register of 8, 16, 32 or 64 bits. By default all bits are readable and writable, the value after a reset is 0, and
 * accesses have no side effect. The methods that return the register change that; call them in the device's constructor.
 *
 * <p>
 * The value is saved with the device's state, reset with the device, and loaded without a call of {@link #onWrite}. All
 * values are unsigned; bits beyond the width are 0.
 *
 * <p>
 * A 64-bit register may be written as two halves of 32 bits: each half is stored at once, and the side effect follows the
 * high half. Other partial writes are ignored and logged. Partial reads are allowed.
 */
@SuppressWarnings("exports") // StateItem is how the device core saves it, of no use to others.
public final class Register implements StateItem {

  private static final long LOW_HALF_MASK = 0xffff_ffffL;

  private final RegisterBank bank;
  private final String name;
  private final int offset;
  private final int width;
  private final long mask;
  private long value;
  private long initial;
  private long writable;
  private long w1cMask;
  private boolean readable = true;
  private boolean holdsState = true;
  private boolean command;
  private final List<Doorbell> doorbells = new ArrayList<>(0);
  private @Nullable LongSupplier computation;
  private @Nullable Runnable readEffect;
  private @Nullable LongConsumer writeEffect;

  Register(RegisterBank bank, String name, int offset, int width) {
    this.bank = bank;
    this.name = name;
    this.offset = offset;
    this.width = width;
    this.mask = width == Long.BYTES ? -1 : (1L << (width * Byte.SIZE)) - 1;
    this.writable = mask;
  }

  /** Sets the initial value, which a reset restores. */
  public Register resetsTo(long number) {
    bank.requireDeclaring();
    initial = number & mask;
    value = initial;
    return this;
  }

  /** Ignores writes, silently. The device can still {@link #set} the value. */
  public Register readOnly() {
    return writable(0);
  }

  /** Makes reads return 0. */
  public Register writeOnly() {
    bank.requireDeclaring();
    readable = false;
    return this;
  }

  /** Limits writes to a mask of bits; the others keep their value. */
  public Register writable(long bits) {
    bank.requireDeclaring();
    writable = bits & mask;
    return this;
  }

  /** Makes a mask of bits write-one-to-clear. */
  public Register writeOneToClear(long bits) {
    bank.requireDeclaring();
    w1cMask = bits & mask;
    writable &= ~w1cMask;
    return this;
  }

  /** Makes reads return a constant. Writes are ignored, and the register is not part of the device's state. */
  public Register constant(long number) {
    holdsState = false;
    return resetsTo(number).readOnly();
  }

  /** Makes reads return a computed value. Writes are ignored, and the register is not part of the device's state. */
  public Register computed(LongSupplier reader) {
    computation = reader;
    holdsState = false;
    return readOnly();
  }

  /** Adds a side effect to reads, which runs before the value is read, once per read of any part. */
  public Register onRead(Runnable effect) {
    bank.requireDeclaring();
    readEffect = effect;
    return this;
  }

  /**
   * Adds a side effect to writes, which runs after the value is stored.
   *
   * @param effect receives the number written; after a write of the high half, its low half is the stored one.
   *     {@link #value} returns the result of the write
   */
  public Register onWrite(LongConsumer effect) {
    bank.requireDeclaring();
    writeEffect = effect;
    return this;
  }

  /**
   * Makes the register a command register: writes have a side effect as with {@link #onWrite}, reads return 0, and writes
   * while the device is stopped are ignored and logged.
   */
  public Register onCommand(LongConsumer effect) {
    command = true;
    return writeOnly().onWrite(effect);
  }

  /**
   * Lets a client write the register by signalling an eventfd, as KVM does for a guest (ioeventfd), which costs no
   * message. The number written is lost: the side effect receives 0, and may run once for several signals.
   */
  public Register doorbell() {
    return addDoorbell(OptionalLong.empty());
  }

  /** Adds a {@link #doorbell()} for writes of one value, which the side effect receives. May be called repeatedly. */
  public Register doorbell(long data) {
    return addDoorbell(OptionalLong.of(data & mask));
  }

  private Register addDoorbell(OptionalLong data) {
    bank.requireDeclaring();
    doorbells.add(new Doorbell(offset, width, data));
    return this;
  }

  /** Returns the doorbells, with offsets in the bank. */
  List<Doorbell> doorbells() {
    return doorbells;
  }

  /** Returns the name, qualified by the bank's: {@code BAR0.STATUS}. */
  @Override
  public String name() {
    return bank.name() + "." + name;
  }

  /** Returns the value, unsigned. */
  public long value() {
    return value;
  }

  /** Returns the low 32 bits of the value. */
  public int intValue() {
    return (int) value;
  }

  /** Sets the value, regardless of masks and without side effects. */
  public void set(long number) {
    value = number & mask;
  }

  /** Sets bits of the value. */
  public void setBits(long bits) {
    set(value | bits);
  }

  /** Clears bits of the value. */
  public void clearBits(long bits) {
    set(value & ~bits);
  }

  int offset() {
    return offset;
  }

  int width() {
    return width;
  }

  String shortName() {
    return name;
  }

  boolean holdsState() {
    return holdsState;
  }

  long read() {
    if (readEffect != null) {
      readEffect.run();
    }
    if (computation != null) {
      return computation.getAsLong() & mask;
    }
    return readable ? value : 0;
  }

  void write(long data) {
    write(data & mask, mask, true);
  }

  void writeLow(int half) {
    write(Integer.toUnsignedLong(half), LOW_HALF_MASK, false);
  }

  void writeHigh(int half) {
    write((long) half << Integer.SIZE, ~LOW_HALF_MASK, true);
  }

  private void write(long data, long lanes, boolean effect) {
    if (command && !bank.isRunning()) {
      bank.logIgnoredCommand(name, data);
      return;
    }
    long bits = writable & lanes;
    value = ((value & ~bits) | (data & bits)) & ~(data & w1cMask);
    if (effect && writeEffect != null) {
      writeEffect.accept(data | (value & mask & ~lanes));
    }
  }

  @Override
  public int bytes() {
    return width;
  }

  @Override
  public void save(ByteBuffer to) {
    for (int i = 0; i < width; i++) {
      to.put((byte) (value >>> (i * Byte.SIZE)));
    }
  }

  @Override
  public void load(ByteBuffer from) {
    long loaded = 0;
    for (int i = 0; i < width; i++) {
      loaded |= Byte.toUnsignedLong(from.get()) << (i * Byte.SIZE);
    }
    value = loaded;
  }

  @Override
  public void reset() {
    value = initial;
  }
}
