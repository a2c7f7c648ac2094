// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.recording;

import io.vfio4j.model.Errno;
import io.vfio4j.model.SanitizedText;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.Header;
import io.vfio4j.vfiouser.wire.MessageField;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * The contents of a message, as text. Any bytes can be decoded.
 *
 * @param command the command's name, or {@code command N} if it is unknown
 * @param id the message id
 * @param type command or reply
 * @param noReply whether the sender requested no reply
 * @param error the errno of an error reply
 * @param fields the fields of its body
 * @param text the text in its body; only for VERSION
 * @param dataSize bytes of data after the fields
 * @param dataPrefix the first of these bytes, hexadecimal
 */
public record DecodedMessage(String command, int id, Type type, boolean noReply, Optional<Errno> error,
    List<Field> fields, Optional<String> text, long dataSize, String dataPrefix) {

  /** Maximum number of bytes in the prefix. */
  private static final int MAX_PREFIX = 16;

  /** Command or reply. */
  public enum Type {
    /** A request. */
    COMMAND,
    /** A reply to one. */
    REPLY,
    /** Any other value, which violates the protocol. */
    UNKNOWN
  }

  /**
   * A field.
   *
   * @param name the name in the protocol's struct
   * @param text the value: a number, the names of bits, the name of a state
   * @param isNumber whether the text is a decimal number
   */
  public record Field(String name, String text, boolean isNumber) {
  }

  /**
   * Decodes a message.
   *
   * @param bytes the header and the available part of the body; at least 16 bytes
   * @param size the size in the header, bytes
   */
  static DecodedMessage of(MemorySegment bytes, long size) {
    int number = Header.command(bytes, 0);
    Command command = Command.fromWire(number);
    MemorySegment body = bytes.asSlice(Header.SIZE);
    List<MessageField> layout = command == null ? List.of() : command.layout().fieldsWithin(body);
    List<Field> fields =
        layout.stream().map(field -> new Field(field.name(), field.text(body), field.isNumber())).toList();
    long end = layout.isEmpty() ? 0 : layout.getLast().end();
    int flags = Header.flags(bytes, 0);
    boolean isError = (flags & Header.ERROR) != 0;
    boolean hasText = command == Command.VERSION && body.byteSize() > end;
    MemorySegment data = body.asSlice(end);
    return new DecodedMessage(command == null ? "command " + number : command.name(), Header.id(bytes, 0),
        type(flags), (flags & Header.NO_REPLY) != 0,
        isError ? Optional.of(new Errno(Header.errno(bytes, 0))) : Optional.empty(), fields,
        hasText ? Optional.of(text(data)) : Optional.empty(), hasText ? 0 : size - Header.SIZE - end,
        hasText ? "" : hex(data));
  }

  private static Type type(int flags) {
    return switch (flags & Header.TYPE_MASK) {
      case Header.TYPE_COMMAND -> Type.COMMAND;
      case Header.TYPE_REPLY -> Type.REPLY;
      default -> Type.UNKNOWN;
    };
  }

  private static String text(MemorySegment data) {
    String text = StandardCharsets.UTF_8.decode(data.asByteBuffer()).toString();
    return SanitizedText.of(text.endsWith("\0") ? text.substring(0, text.length() - 1) : text);
  }

  private static String hex(MemorySegment data) {
    byte[] prefix = new byte[(int) Math.min(MAX_PREFIX, data.byteSize())];
    data.asByteBuffer().get(prefix);
    return HexFormat.of().formatHex(prefix);
  }
}
