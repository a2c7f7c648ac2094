// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import io.vfio4j.vfiouser.Doorbell;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A bank of little-endian registers. Gaps read as 0 and ignore writes.
 *
 * <p>
 * An access may have any size and alignment: it accesses the registers that it covers in the order of their offsets. A
 * write that covers a register only partly, other than one half of a 64-bit register, is ignored as a whole and logged.
 */
public final class RegisterBank implements RegionPart {

  private static final ValueLayout.OfShort LE_SHORT =
      JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt LE_INT = JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LE_LONG = JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final DeviceContext context;
  private final PartCollector collector;
  private final String name;
  private final int size;
  /** The register at each byte, null in gaps; ends with the last register. */
  private @Nullable Register[] registers = new Register[0];

  RegisterBank(DeviceContext context, PartCollector collector, String name, int size) {
    this.context = context;
    this.collector = collector;
    this.name = name;
    this.size = size;
  }

  /** Declares a register of 8 bits, see {@link #register}. */
  public Register register8(String registerName, int offset) {
    return register(registerName, offset, Byte.BYTES);
  }

  /** Declares a register of 16 bits, see {@link #register}. */
  public Register register16(String registerName, int offset) {
    return register(registerName, offset, Short.BYTES);
  }

  /** Declares a register of 32 bits, see {@link #register}. */
  public Register register32(String registerName, int offset) {
    return register(registerName, offset, Integer.BYTES);
  }

  /** Declares a register of 64 bits, see {@link #register}. */
  public Register register64(String registerName, int offset) {
    return register(registerName, offset, Long.BYTES);
  }

  /**
   * Declares a register.
   *
   * @param registerName the name in messages and in the saved state, which must never change
   * @param offset offset in the bank in bytes, a multiple of the width
   * @param width 1, 2, 4 or 8 bytes
   * @throws IllegalArgumentException if the register does not fit there, or overlaps another
   */
  public Register register(String registerName, int offset, int width) {
    requireDeclaring();
    if (width < 1 || width > Long.BYTES || Integer.bitCount(width) != 1 || offset < 0 || offset % width != 0
        || offset > size - width) {
      throw new IllegalArgumentException("%s: a register of %d bytes cannot be at 0x%x of a bank of %d bytes"
          .formatted(registerName, width, offset, size));
    }
    if (offset + width > registers.length) {
      registers = Arrays.copyOf(registers, offset + width);
    }
    Register register = new Register(this, registerName, offset, width);
    for (int i = offset; i < offset + width; i++) {
      Register other = registers[i];
      if (other != null) {
        throw new IllegalArgumentException(
            "%s at 0x%x overlaps %s".formatted(registerName, offset, other.shortName()));
      }
      registers[i] = register;
    }
    collector.addRegister(register);
    return register;
  }

  /**
   * Returns the doorbells of the registers.
   *
   * @param begin offset of the bank in its region in bytes
   */
  List<Doorbell> doorbells(long begin) {
    return Arrays.stream(registers).filter(Objects::nonNull).distinct()
        .flatMap(register -> register.doorbells().stream())
        .map(bell -> new Doorbell(begin + bell.offset(), bell.size(), bell.datamatch())).toList();
  }

  String name() {
    return name;
  }

  void requireDeclaring() {
    context.requireDeclaring();
  }

  boolean isRunning() {
    return context.isRunning();
  }

  void logIgnoredCommand(String register, long data) {
    context
        .log("ignored %s 0x%x: the device is stopped".formatted(register.toLowerCase(Locale.ROOT), data));
  }

  private @Nullable Register find(int offset) {
    return offset < registers.length ? registers[offset] : null;
  }

  @Override
  public void read(long offset, MemorySegment into) {
    int start = (int) offset;
    int length = (int) into.byteSize();
    Register whole = find(start);
    if (whole != null && whole.offset() == start && whole.width() == length) {
      put(into, length, whole.read());
    } else {
      readAcross(start, into, length);
    }
  }

  private static void put(MemorySegment into, int length, long value) {
    switch (length) {
      case Byte.BYTES -> into.set(JAVA_BYTE, 0, (byte) value);
      case Short.BYTES -> into.set(LE_SHORT, 0, (short) value);
      case Integer.BYTES -> into.set(LE_INT, 0, (int) value);
      default -> into.set(LE_LONG, 0, value);
    }
  }

  private void readAcross(int start, MemorySegment into, int length) {
    for (int done = 0; done < length;) {
      Register register = find(start + done);
      if (register == null) {
        into.set(JAVA_BYTE, done++, (byte) 0);
        continue;
      }
      long value = register.read();
      int end = Math.min(length, register.offset() + register.width() - start);
      for (int skipped = start + done - register.offset(); done < end; skipped++) {
        into.set(JAVA_BYTE, done++, (byte) (value >>> (skipped * Byte.SIZE)));
      }
    }
  }

  @Override
  public void write(long offset, MemorySegment data) {
    int start = (int) offset;
    int length = (int) data.byteSize();
    for (int done = 0; done < length;) {
      int piece = pieceLength(start + done, length - done);
      if (piece == 0) {
        logPartialWrite(start + done, start, length);
        return;
      }
      done += piece;
    }
    for (int done = 0; done < length;) {
      int piece = pieceLength(start + done, length - done);
      write(start + done, data, done, piece);
      done += piece;
    }
  }

  /** Returns how many bytes of a write go to the register or gap at an offset, 0 if that is an invalid partial write. */
  private int pieceLength(int offset, int left) {
    Register register = find(offset);
    if (register == null) {
      return 1;
    }
    int width = register.width();
    if (offset == register.offset() && width <= left) {
      return width;
    }
    boolean half = width == Long.BYTES && offset % Integer.BYTES == 0 && left >= Integer.BYTES;
    return half ? Integer.BYTES : 0;
  }

  private void write(int offset, MemorySegment data, int from, int length) {
    Register register = find(offset);
    if (register == null) {
      return;
    }
    if (length == register.width()) {
      register.write(get(data, from, length));
    } else if (offset == register.offset()) {
      register.writeLow(data.get(LE_INT, from));
    } else {
      register.writeHigh(data.get(LE_INT, from));
    }
  }

  private static long get(MemorySegment data, int from, int length) {
    return switch (length) {
      case Byte.BYTES -> data.get(JAVA_BYTE, from);
      case Short.BYTES -> data.get(LE_SHORT, from);
      case Integer.BYTES -> data.get(LE_INT, from);
      default -> data.get(LE_LONG, from);
    };
  }

  private void logPartialWrite(int at, int start, int length) {
    Register register = find(at);
    context
        .log("ignored a write of %d bytes at 0x%x of %s: %s can only be written %s".formatted(length, start,
            name,
            register == null ? "it" : register.shortName(),
            register != null && register.width() == Long.BYTES ? "by 4 or 8 bytes" : "as a whole"));
  }
}
