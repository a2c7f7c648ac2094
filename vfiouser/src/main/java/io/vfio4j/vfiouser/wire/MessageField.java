// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.wire;

import io.vfio4j.model.DeviceState;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongFunction;

/**
 * A field of a message's body, for display.
 *
 * @param name the name in the struct of the protocol
 * @param offset in the body, bytes
 * @param width 2, 4 or 8 bytes
 * @param isNumber whether the text is a plain decimal number
 * @param isLogged whether the log line of a refused request includes the field
 * @param formatter converts the value to text
 */
public record MessageField(String name, int offset, int width, boolean isNumber, boolean isLogged,
    LongFunction<String> formatter) {

  /** The first field of most bodies. */
  static final MessageField ARGSZ = u32("argsz", 0);

  static MessageField u16(String name, int offset) {
    return number(name, offset, 2);
  }

  static MessageField u32(String name, int offset) {
    return number(name, offset, 4);
  }

  static MessageField u64(String name, int offset) {
    return number(name, offset, 8);
  }

  private static MessageField number(String name, int offset, int width) {
    return new MessageField(name, offset, width, true, false, Long::toUnsignedString);
  }

  /** A u64 shown in hexadecimal: an address, an offset or a length. */
  static MessageField hex(String name, int offset) {
    return new MessageField(name, offset, 8, false, false, MessageField::hex);
  }

  /** A u32 that is not a plain number. */
  static MessageField text(String name, int offset, LongFunction<String> formatter) {
    return new MessageField(name, offset, 4, false, false, formatter);
  }

  static MessageField state(String name, int offset) {
    return text(name, offset,
        value -> DeviceState.fromWire((int) value).map(DeviceState::name).orElseGet(() -> hex(value)));
  }

  /** Bits by name, from the lowest; set bits without a name are shown as a number. */
  static MessageField flags(String name, int offset, String... names) {
    return text(name, offset, value -> bits(value, names));
  }

  /** Returns this field as part of the log line of a refused request. */
  MessageField logged() {
    return new MessageField(name, offset, width, isNumber, true, formatter);
  }

  private static String hex(long value) {
    return "0x" + Long.toHexString(value);
  }

  private static String bits(long value, String... names) {
    List<String> set = new ArrayList<>();
    long left = value;
    for (int i = 0; i < names.length; i++) {
      if ((value >>> i & 1) != 0 && !names[i].isEmpty()) {
        set.add(names[i]);
        left &= ~(1L << i);
      }
    }
    if (left != 0 || set.isEmpty()) {
      set.add(hex(left));
    }
    return String.join("|", set);
  }

  public int end() {
    return offset + width;
  }

  /** Returns the value as text. */
  public String text(MemorySegment body) {
    return formatter.apply(value(body));
  }

  private long value(MemorySegment body) {
    return switch (width) {
      case 2 -> Short.toUnsignedLong(body.get(LittleEndian.U16, offset));
      case 4 -> Integer.toUnsignedLong(body.get(LittleEndian.U32, offset));
      default -> body.get(LittleEndian.U64, offset);
    };
  }
}
