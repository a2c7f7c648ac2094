// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.wire;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.vfiouser.Limits;
import java.io.IOException;
import java.io.StringReader;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import org.jspecify.annotations.Nullable;

/**
 * The body of VERSION: {@code u16 major, u16 minor}, then optionally a JSON text that ends with a NUL.
 *
 * @param major 0
 * @param minor 0 to 2
 * @param capabilities the object of that name in the JSON; empty if there is none
 */
public record VersionMessage(int major, int minor, JsonObject capabilities) {

  public static final int MAJOR = 0;
  public static final int MINOR = 2;

  /** A longer message is refused; those of known clients have about 200 bytes. */
  public static final int MAX_SIZE = 4096;

  public static final int SIZE_WITHOUT_CAPABILITIES = 4;

  static final MessageLayout LAYOUT =
      MessageLayout.of(MessageField.u16("major", 0), MessageField.u16("minor", 2));

  private static final int JSON_AT = SIZE_WITHOUT_CAPABILITIES;
  private static final String MAX_MSG_FDS = "max_msg_fds";
  private static final String TWIN_SOCKET = "twin_socket";
  private static final String SUPPORTED = "supported";
  private static final String FD_INDEX = "fd_index";
  /** How much longer a reply is than its request if it names the descriptor of the twin socket. */
  public static final int FD_INDEX_SIZE = ",\"fd_index\":0".length();
  private static final String VFIO4J = "vfio4j";
  private static final String WRITE_MULTIPLE = "write_multiple";
  private static final long MAX_NUMBER = Long.MAX_VALUE;

  public static VersionMessage decode(MemorySegment body, long at, int size) throws ErrnoException {
    if (size < JSON_AT || size > MAX_SIZE) {
      throw invalid("a VERSION of " + size + " bytes");
    }
    int major = Short.toUnsignedInt(body.get(LittleEndian.U16, at));
    int minor = Short.toUnsignedInt(body.get(LittleEndian.U16, at + 2));
    return new VersionMessage(major, minor,
        size == JSON_AT ? new JsonObject() : capabilities(body, at, size));
  }

  private static JsonObject capabilities(MemorySegment body, long at, int size) throws ErrnoException {
    int end = JSON_AT;
    while (end < size && body.get(ValueLayout.JAVA_BYTE, at + end) != 0) {
      end++;
    }
    if (end == size) {
      throw invalid("a VERSION whose JSON does not end with a NUL");
    }
    ByteBuffer text = body.asSlice(at + JSON_AT, end - JSON_AT).asByteBuffer();
    try {
      JsonReader reader = new JsonReader(
          new StringReader(StandardCharsets.UTF_8.newDecoder().decode(text).toString()));
      reader.setStrictness(Strictness.STRICT);
      JsonElement root = JsonParser.parseReader(reader);
      if (reader.peek() != JsonToken.END_DOCUMENT) {
        throw invalid("a VERSION with more than one JSON text");
      }
      return object(object(root, "the version data"), "capabilities");
    } catch (IOException | JsonParseException e) {
      throw invalid("a VERSION with invalid JSON");
    }
  }

  private static JsonObject object(@Nullable JsonElement element, String what) throws ErrnoException {
    if (element == null || !element.isJsonObject()) {
      throw invalid(what + " is not a JSON object");
    }
    return element.getAsJsonObject();
  }

  private static JsonObject object(JsonObject parent, String key) throws ErrnoException {
    JsonElement element = parent.get(key);
    return element == null ? new JsonObject() : object(element, key);
  }

  private static long number(JsonObject parent, String key, long least, long otherwise)
      throws ErrnoException {
    JsonElement element = parent.get(key);
    if (element == null) {
      return otherwise;
    }
    if (!element.isJsonPrimitive() || !element.getAsJsonPrimitive().isNumber()) {
      throw invalid(key + " is not a number");
    }
    BigDecimal value = decimal(key, element.getAsString());
    if (value.compareTo(BigDecimal.valueOf(least)) < 0 || value.stripTrailingZeros().scale() > 0) {
      throw invalid(key + " is " + value);
    }
    // A few characters can denote a number with a billion digits: compare before converting it.
    return value.compareTo(BigDecimal.valueOf(MAX_NUMBER)) > 0 ? MAX_NUMBER : value.longValue();
  }

  private static BigDecimal decimal(String key, String digits) throws ErrnoException {
    if (digits.length() > 20) {
      throw invalid(key + " is a number with too many digits");
    }
    try {
      return new BigDecimal(digits);
    } catch (NumberFormatException e) {
      // JSON does not limit an exponent, BigDecimal does.
      throw invalid(key + " is a number out of range");
    }
  }

  private static boolean flag(JsonObject parent, String key) throws ErrnoException {
    JsonElement element = parent.get(key);
    if (element == null) {
      return false;
    }
    if (!element.isJsonPrimitive() || !element.getAsJsonPrimitive().isBoolean()) {
      throw invalid(key + " is not true or false");
    }
    return element.getAsBoolean();
  }

  private static ErrnoException invalid(String reason) {
    return new ErrnoException(Errno.EINVAL, reason);
  }

  /** Returns the limits in the message, with the protocol's defaults for those that are missing. */
  public Limits limits() throws ErrnoException {
    Limits otherwise = Limits.DEFAULT;
    long fds = number(capabilities, MAX_MSG_FDS, 0, Limits.ASSUMED_MAX_MSG_FDS);
    long data = number(capabilities, "max_data_xfer_size", 1, otherwise.maxDataXferSize());
    long maps = number(capabilities, "max_dma_maps", 1, otherwise.maxDmaMaps());
    long bitmap = number(object(capabilities, "migration"), "max_bitmap_size", Long.BYTES,
        otherwise.maxBitmapSize());
    long pageSizes = number(capabilities, "pgsizes", 1, Limits.ASSUMED_PAGE_SIZE);
    // Dirty pages are reported in the smallest size that both ends have, which is 4 KiB.
    number(object(capabilities, "migration"), "pgsize", 1, Limits.DIRTY_PAGE_SIZE);
    writeMultiple();
    try {
      return new Limits((int) Math.min(fds, Integer.MAX_VALUE), (int) Math.min(data, Integer.MAX_VALUE),
          (int) Math.min(maps, Integer.MAX_VALUE), bitmap, pageSizes);
    } catch (IllegalArgumentException e) {
      throw invalid(String.valueOf(e.getMessage()));
    }
  }

  /** Returns whether the message names max_msg_fds. */
  public boolean hasMaxMsgFds() {
    return capabilities.has(MAX_MSG_FDS);
  }

  /** Returns whether REGION_WRITE_MULTI is requested or granted. */
  public boolean writeMultiple() throws ErrnoException {
    return flag(capabilities, WRITE_MULTIPLE);
  }

  /** Returns the extensions requested or granted. */
  public Extensions extensions() throws ErrnoException {
    if (!capabilities.has(VFIO4J)) {
      return Extensions.NONE;
    }
    JsonObject vfio4j = object(capabilities, VFIO4J);
    EnumSet<Extension> flags = EnumSet.noneOf(Extension.class);
    for (Extension extension : Extension.values()) {
      if (flag(vfio4j, extension.key())) {
        flags.add(extension);
      }
    }
    return new Extensions(true, flags);
  }

  /** Returns whether a second socket for the server's commands is requested or granted. */
  public boolean hasTwinSocket() throws ErrnoException {
    return flag(object(capabilities, TWIN_SOCKET), SUPPORTED);
  }

  /**
   * Returns the index of the twin socket among the descriptors of a reply.
   *
   * @param fds the number of descriptors received with it
   * @throws ErrnoException EINVAL if the index is out of range
   */
  public int twinSocketFdIndex(int fds) throws ErrnoException {
    long index = number(object(capabilities, TWIN_SOCKET), FD_INDEX, 0, 0);
    if (index >= fds) {
      throw invalid("twin socket at descriptor index %d of %d".formatted(index, fds));
    }
    return (int) index;
  }

  /**
   * Returns the request of a vfio4j client.
   *
   * @param wanted the extensions requested; the flags of all others are sent as false
   * @param twinSocket whether a second socket for the server's commands is requested
   */
  public static VersionMessage request(Limits limits, Extensions wanted, boolean twinSocket) {
    JsonObject capabilities = new JsonObject();
    capabilities.addProperty(MAX_MSG_FDS, limits.maxMsgFds());
    capabilities.addProperty("max_data_xfer_size", limits.maxDataXferSize());
    capabilities.addProperty("max_dma_maps", limits.maxDmaMaps());
    capabilities.addProperty(WRITE_MULTIPLE, true);
    JsonObject migration = new JsonObject();
    migration.addProperty("max_bitmap_size", limits.maxBitmapSize());
    migration.addProperty("pgsize", Limits.DIRTY_PAGE_SIZE);
    capabilities.addProperty("pgsizes", limits.pageSizes());
    capabilities.add("migration", migration);
    if (twinSocket) {
      JsonObject twin = new JsonObject();
      twin.addProperty(SUPPORTED, true);
      capabilities.add(TWIN_SOCKET, twin);
    }
    JsonObject vfio4j = new JsonObject();
    for (Extension extension : Extension.values()) {
      vfio4j.addProperty(extension.key(), wanted.has(extension));
    }
    capabilities.add(VFIO4J, vfio4j);
    return new VersionMessage(MAJOR, MINOR, capabilities);
  }

  /**
   * Returns a server's reply to this request: the limits in force and the extensions granted, for the
   * capabilities in the request only.
   *
   * @param twinSocket whether the reply carries one, as its only descriptor
   */
  public VersionMessage reply(Limits inForce, Extensions granted, boolean twinSocket) {
    JsonObject reply = new JsonObject();
    putIfRequested(reply, capabilities, MAX_MSG_FDS, inForce.maxMsgFds());
    putIfRequested(reply, capabilities, "max_data_xfer_size", inForce.maxDataXferSize());
    putIfRequested(reply, capabilities, "max_dma_maps", inForce.maxDmaMaps());
    copyIfRequested(reply, WRITE_MULTIPLE);
    putIfRequested(reply, capabilities, "pgsizes", inForce.pageSizes());
    if (twinSocket) {
      JsonObject twin = new JsonObject();
      twin.addProperty(SUPPORTED, true);
      twin.addProperty(FD_INDEX, 0);
      reply.add(TWIN_SOCKET, twin);
    }
    if (capabilities.get("migration") instanceof JsonObject requested) {
      JsonObject migration = new JsonObject();
      putIfRequested(migration, requested, "max_bitmap_size", inForce.maxBitmapSize());
      putIfRequested(migration, requested, "pgsize", Limits.DIRTY_PAGE_SIZE);
      if (!migration.isEmpty()) {
        reply.add("migration", migration);
      }
    }
    if (granted.isVfio4j()) {
      JsonObject requested = capabilities.getAsJsonObject(VFIO4J);
      JsonObject vfio4j = new JsonObject();
      for (Extension extension : Extension.values()) {
        putIfRequested(vfio4j, requested, extension.key(), granted.has(extension));
      }
      reply.add(VFIO4J, vfio4j);
    }
    return new VersionMessage(MAJOR, Math.min(minor, MINOR), reply);
  }

  /** Grants a capability as requested. */
  private void copyIfRequested(JsonObject reply, String key) {
    if (capabilities.has(key)) {
      reply.add(key, capabilities.get(key));
    }
  }

  private static void putIfRequested(JsonObject reply, JsonObject requested, String key, long value) {
    if (requested.has(key)) {
      reply.addProperty(key, value);
    }
  }

  /**
   * A flag that is not granted is omitted: "false" is longer than "true", and the reply must not be longer
   * than the request.
   */
  private static void putIfRequested(JsonObject reply, JsonObject requested, String key, boolean value) {
    if (requested.has(key) && value) {
      reply.addProperty(key, value);
    }
  }

  /**
   * Writes the body.
   *
   * @param into the segment to write to
   * @param at the offset of the body
   * @param maxSize the longest body that the peer accepts; capabilities that do not fit are omitted, because
   *     QEMU refuses a reply longer than its request
   * @return the size of the body
   */
  public int encode(MemorySegment into, long at, int maxSize) {
    into.set(LittleEndian.U16, at, (short) major);
    into.set(LittleEndian.U16, at + 2, (short) minor);
    JsonObject root = new JsonObject();
    root.add("capabilities", capabilities);
    byte[] json = root.toString().getBytes(StandardCharsets.UTF_8);
    int size = JSON_AT + json.length + 1;
    if (capabilities.isEmpty() || size > maxSize) {
      return JSON_AT;
    }
    MemorySegment.copy(json, 0, into, ValueLayout.JAVA_BYTE, at + JSON_AT, json.length);
    into.set(ValueLayout.JAVA_BYTE, at + size - 1, (byte) 0);
    return size;
  }
}
