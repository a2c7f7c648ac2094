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
 * What a message says, for people. Any bytes can be decoded.
 *
 * @param command the command's name, or {@code command N} where there is none
 * @param id the message's number
 * @param type what it is
 * @param noReply whether no reply is wanted
 * @param error the errno of an error reply
 * @param fields the fields of its body
 * @param text the text in its body, of VERSION alone
 * @param dataSize how many bytes of data follow the fields
 * @param dataPrefix the first of them in hexadecimal digits
 */
public record DecodedMessage(String command, int id, Type type, boolean noReply, Optional<Errno> error,
    List<Field> fields, Optional<String> text, long dataSize, String dataPrefix) {

  /** How many bytes of data are shown. */
  private static final int MAX_PREFIX = 16;

  /** Command or reply. */
  public enum Type {
    /** Asks for something. */
    COMMAND,
    /** Answers. */
    REPLY,
    /** Neither of the two, which is an error of the protocol. */
    UNKNOWN
  }

  /**
   * A field.
   *
   * @param name as the structs of the protocol have it
   * @param text the value for people: a number, bits by their names, a state's name
   * @param isNumber whether the text is a decimal number
   */
  public record Field(String name, String text, boolean isNumber) {
  }

  /**
   * Decodes a message.
   *
   * @param bytes its header and what there is of its body; at least 16 bytes
   * @param size its length, in bytes, as the header says
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
    byte[] shown = new byte[(int) Math.min(MAX_PREFIX, data.byteSize())];
    data.asByteBuffer().get(shown);
    return HexFormat.of().formatHex(shown);
  }
}
