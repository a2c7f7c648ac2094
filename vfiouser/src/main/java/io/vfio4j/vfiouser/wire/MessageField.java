// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.wire;

import io.vfio4j.model.DeviceState;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongFunction;

/**
 * A field of a message's body, as it is shown to people.
 *
 * @param name as the structs of the protocol have it
 * @param offset in the body, bytes
 * @param width 2, 4 or 8 bytes
 * @param isNumber whether it is a plain number
 * @param formatter turns the value into text
 */
public record MessageField(String name, int offset, int width, boolean isNumber,
    LongFunction<String> formatter) {

  static MessageField u16(String name, int offset) {
    return new MessageField(name, offset, 2, true, Long::toUnsignedString);
  }

  static MessageField u32(String name, int offset) {
    return new MessageField(name, offset, 4, true, Long::toUnsignedString);
  }

  static MessageField u64(String name, int offset) {
    return new MessageField(name, offset, 8, true, Long::toUnsignedString);
  }

  /** An address, or an offset. */
  static MessageField hex(String name, int offset) {
    return new MessageField(name, offset, 8, false, MessageField::hex);
  }

  static MessageField state(String name, int offset) {
    return new MessageField(name, offset, 4, false,
        value -> DeviceState.fromWire((int) value).map(DeviceState::name).orElseGet(() -> hex(value)));
  }

  /** Bits with names, from the lowest on; those without a name are shown as a number. */
  static MessageField flags(String name, int offset, String... names) {
    return new MessageField(name, offset, 4, false, value -> bits(value, names));
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

  public long value(MemorySegment body) {
    return switch (width) {
      case 2 -> Short.toUnsignedLong(body.get(LittleEndian.U16, offset));
      case 4 -> Integer.toUnsignedLong(body.get(LittleEndian.U32, offset));
      default -> body.get(LittleEndian.U64, offset);
    };
  }
}
