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
 * A register of 8, 16, 32 or 64 bits. As it is declared it can be read and written in all bits, is 0 after a
 * reset, and has no effect; the methods that return the register change that, and belong into the device's
 * constructor.
 *
 * <p>
 * A value that the register holds is saved with the device's state, reset with the device, and loaded without
 * {@link #onWrite} being called. All values are unsigned; bits beyond the width are 0.
 *
 * <p>
 * A 64-bit register may be written as two halves of 32 bits: each is taken at once, and an effect comes with
 * the high one. Other writes of a part are ignored and logged. Parts may be read.
 */
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

  /** Has a reset, and the beginning, give it a value. */
  public Register resetsTo(long number) {
    bank.requireDeclaring();
    initial = number & mask;
    value = initial;
    return this;
  }

  /** Ignores what is written, without a word. The device may still {@link #set} it. */
  public Register readOnly() {
    return writable(0);
  }

  /** Reads as 0. */
  public Register writeOnly() {
    bank.requireDeclaring();
    readable = false;
    return this;
  }

  /** Lets only some bits be written; the others stay as they are. */
  public Register writable(long bits) {
    bank.requireDeclaring();
    writable = bits & mask;
    return this;
  }

  /** Has a 1 that is written clear the bit that it is written to, for some bits, and a 0 leave it. */
  public Register writeOneToClear(long bits) {
    bank.requireDeclaring();
    w1cMask = bits & mask;
    writable &= ~w1cMask;
    return this;
  }

  /** Always reads a value, ignores writes, and is no part of the device's state. */
  public Register constant(long number) {
    holdsState = false;
    return resetsTo(number).readOnly();
  }

  /** Reads what is computed at that moment, ignores writes, and is no part of the device's state. */
  public Register computed(LongSupplier reader) {
    computation = reader;
    holdsState = false;
    return readOnly();
  }

  /** Has an effect come with each read, before the value is taken: once, also if only a part is read. */
  public Register onRead(Runnable effect) {
    bank.requireDeclaring();
    readEffect = effect;
    return this;
  }

  /**
   * Has an effect come with each write, after the value was taken.
   *
   * @param effect is given what was written, with the low half as the register has it if it was written in
   *     halves; {@link #value} is what came of it
   */
  public Register onWrite(LongConsumer effect) {
    bank.requireDeclaring();
    writeEffect = effect;
    return this;
  }

  /**
   * Is a command: an effect comes with each write as with {@link #onWrite}, reads give 0, and what is written
   * while the device is stopped is ignored and logged.
   */
  public Register onCommand(LongConsumer effect) {
    command = true;
    return writeOnly().onWrite(effect);
  }

  /**
   * Lets a client write it by signalling an eventfd, as KVM does for a guest (ioeventfd), which costs no message. What
   * was written is lost then: the effect is given 0, and comes once for several signals.
   */
  public Register doorbell() {
    return addDoorbell(OptionalLong.empty());
  }

  /** Is a {@link #doorbell} for writes of one value, which the effect is given; may be said for several values. */
  public Register doorbell(long data) {
    return addDoorbell(OptionalLong.of(data & mask));
  }

  private Register addDoorbell(OptionalLong data) {
    bank.requireDeclaring();
    doorbells.add(new Doorbell(offset, width, data));
    return this;
  }

  /** Returns the doorbells, by offset in the bank. */
  List<Doorbell> doorbells() {
    return doorbells;
  }

  /** Returns the name that it was declared with, and its bank: {@code BAR0.STATUS}. */
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

  /** Gives it a value, whatever may be written from outside; nothing else comes of it. */
  public void set(long number) {
    value = number & mask;
  }

  /** Sets bits. */
  public void setBits(long bits) {
    set(value | bits);
  }

  /** Clears bits. */
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
