// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.stream;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Fields of the form {u16 tag, u16 flags, u32 length, value}, little-endian. Who does not know a tag passes
 * over its field, unless flag bit 0 says that it is mandatory.
 */
public final class TagLengthValue {

  private static final int HEADER = 8;
  private static final int MANDATORY = 1;

  private TagLengthValue() {
  }

  /** Begins a field and returns what {@link #endField} needs. */
  static int beginField(ByteBuffer into, int tag, boolean mandatory) {
    into.putShort((short) tag).putShort((short) (mandatory ? MANDATORY : 0)).putInt(0);
    return into.position();
  }

  /** Ends the field whose value begins at a position. */
  static void endField(ByteBuffer into, int start) {
    into.putInt(start - Integer.BYTES, into.position() - start);
  }

  /** Puts a text, as much of it as may be; nothing for an empty one, which its absence stands for. */
  static void writeText(ByteBuffer into, int tag, String text, int maxBytes) {
    if (!text.isEmpty()) {
      int start = beginField(into, tag, false);
      PeerText.write(into, text, maxBytes);
      endField(into, start);
    }
  }

  /** A field that came in; its value is a view of the buffer. */
  public record Field(int tag, boolean mandatory, ByteBuffer value) {

    /** Refuses a field that nobody here knows and that must be known. */
    void requireOptional() throws StreamException {
      if (mandatory) {
        throw new StreamException(
            "the hello has field %d, which is mandatory and unknown here".formatted(tag));
      }
    }
  }

  public static Field readField(ByteBuffer from) throws StreamException {
    if (from.remaining() < HEADER) {
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
    return new Field(tag, (flags & MANDATORY) != 0, value);
  }

  /** Takes fields with tags from 1 to the last one known, each at most once. */
  static Fields readAll(ByteBuffer from, int lastTag) throws StreamException {
    UniqueFields once = new UniqueFields(lastTag);
    while (from.hasRemaining()) {
      Field field = readField(from);
      if (field.tag() == 0 || field.tag() > lastTag) {
        field.requireOptional();
      } else {
        once.add(field);
      }
    }
    return once.fields();
  }

  /** Fields of which each may come once. */
  static final class UniqueFields {

    private final @Nullable ByteBuffer[] values;

    /** Makes room for fields with tags up to the last one. */
    UniqueFields(int lastTag) {
      values = new @Nullable ByteBuffer[lastTag + 1];
    }

    void add(Field field) throws StreamException {
      if (values[field.tag()] != null) {
        throw new StreamException("the hello has field %d twice".formatted(field.tag()));
      }
      values[field.tag()] = field.value();
    }

    Fields fields() {
      return new Fields(values);
    }
  }

  /** The fields of a structure. */
  static final class Fields {

    private final @Nullable ByteBuffer[] values;

    private Fields(@Nullable ByteBuffer[] values) {
      this.values = values;
    }

    ByteBuffer required(int tag, int length) throws StreamException {
      ByteBuffer value = values[tag];
      if (value == null) {
        throw new StreamException("the hello lacks field %d".formatted(tag));
      }
      return requireLength(tag, value, length);
    }

    Optional<ByteBuffer> optional(int tag, int length) throws StreamException {
      ByteBuffer value = values[tag];
      return value == null ? Optional.empty() : Optional.of(requireLength(tag, value, length));
    }

    OptionalLong optionalLong(int tag) throws StreamException {
      Optional<ByteBuffer> value = optional(tag, Long.BYTES);
      return value.isPresent() ? OptionalLong.of(value.get().getLong()) : OptionalLong.empty();
    }

    String text(int tag, int maxBytes) throws StreamException {
      ByteBuffer value = values[tag];
      if (value == null) {
        return "";
      }
      if (value.remaining() > maxBytes) {
        throw new StreamException("the hello has field %d of %d bytes".formatted(tag, value.remaining()));
      }
      return PeerText.read(value);
    }

    private static ByteBuffer requireLength(int tag, ByteBuffer value, int length) throws StreamException {
      if (value.remaining() != length) {
        throw new StreamException(
            "the hello has field %d of %d bytes instead of %d".formatted(tag, value.remaining(), length));
      }
      return value;
    }
  }
}
