// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.stream;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A field on the wire. A structure is a sequence of fields up to its end. Little-endian.
 *
 * <pre>
 * 0  u16  tag
 * 2  u16  flags: bit 0, the field is mandatory; all others 0
 * 4  u32  length of the value, n
 * 8  n bytes  value
 * </pre>
 *
 * <p>
 * A receiver that does not know a tag skips the field, or refuses the stream if the field is mandatory.
 */
final class TagLengthValue {

  static final int HEADER_BYTES = 8;

  private static final int MANDATORY = 1;

  private TagLengthValue() {
  }

  /** Begins a field and returns the position of its value, for {@link #endField}. */
  static int beginField(ByteBuffer into, int tag, boolean mandatory) {
    into.putShort((short) tag).putShort((short) (mandatory ? MANDATORY : 0)).putInt(0);
    return into.position();
  }

  /** Ends the field whose value begins at a position. */
  static void endField(ByteBuffer into, int start) {
    into.putInt(start - Integer.BYTES, into.position() - start);
  }

  /** A received field; its value is a view of the buffer. */
  record RawField(int tag, boolean mandatory, ByteBuffer value) {

    /** Refuses a field with an unknown tag that is mandatory. */
    void requireOptional() throws StreamException {
      if (mandatory) {
        throw new StreamException(
            "the hello has field %d, which is mandatory and unknown here".formatted(tag));
      }
    }
  }

  static RawField readField(ByteBuffer from) throws StreamException {
    if (from.remaining() < HEADER_BYTES) {
      throw new StreamException("the hello ends within a field");
    }
    from.order(ByteOrder.LITTLE_ENDIAN);
    int tag = Short.toUnsignedInt(from.getShort());
    int flags = Short.toUnsignedInt(from.getShort());
    long length = Integer.toUnsignedLong(from.getInt());
    if ((flags & ~MANDATORY) != 0) {
      throw new StreamException("the hello has field %d with unknown flags 0x%04x".formatted(tag, flags));
    }
    if (length > from.remaining()) {
      throw new StreamException("the hello has field %d of %d bytes, but ends before".formatted(tag, length));
    }
    ByteBuffer value = from.slice(from.position(), (int) length).order(ByteOrder.LITTLE_ENDIAN);
    from.position(from.position() + (int) length);
    return new RawField(tag, (flags & MANDATORY) != 0, value);
  }
}
