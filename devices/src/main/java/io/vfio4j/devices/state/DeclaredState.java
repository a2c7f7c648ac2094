// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.state;

import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A state that says what it is made of: items, one behind the other, each
 *
 * <pre>
 * u16 bytes of the name, u16 flags (1: need not be known), u32 bytes of the value, name (UTF-8), value
 * </pre>
 *
 * <p>
 * Items are found by name, so their order does not matter. One that is not known is skipped if it may be, and
 * refused else, as is a state that lacks one that it must have.
 */
public final class DeclaredState implements StateImage {

  private static final int ITEM_HEADER_BYTES = 8;
  private static final int OPTIONAL = 1;
  private static final int MAX_NAME_BYTES = 255;

  /** An item of a state that comes from elsewhere; its value is a part of that. */
  private record SavedItem(String name, boolean optional, ByteBuffer value) {
  }

  private final Map<String, StateItem> items = new LinkedHashMap<>();
  private final int bytes;

  /**
   * Makes it.
   *
   * @throws IllegalArgumentException if two items have one name, a name is too long, or all together are
   */
  public DeclaredState(List<StateItem> declared) {
    long sum = 0;
    for (StateItem item : declared) {
      if (items.put(item.name(), item) != null) {
        throw new IllegalArgumentException("two pieces of state are called " + item.name());
      }
      int nameBytes = encodeName(item.name()).length;
      if (nameBytes == 0 || nameBytes > MAX_NAME_BYTES) {
        throw new IllegalArgumentException(
            "'%s': a name has 1 to %d bytes".formatted(item.name(), MAX_NAME_BYTES));
      }
      sum += ITEM_HEADER_BYTES + nameBytes + item.bytes();
    }
    if (sum > StateFormat.MAX_PAYLOAD_BYTES) {
      throw new IllegalArgumentException(
          "%d bytes of state, of which a record holds %d: declare memory for them"
              .formatted(sum, StateFormat.MAX_PAYLOAD_BYTES));
    }
    this.bytes = (int) sum;
  }

  private static byte[] encodeName(String name) {
    return name.getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public int bytes() {
    return bytes;
  }

  @Override
  public boolean acceptsLength(int length) {
    return length >= 0 && length <= StateFormat.MAX_PAYLOAD_BYTES;
  }

  @Override
  public void save(ByteBuffer to) {
    for (StateItem item : items.values()) {
      byte[] name = encodeName(item.name());
      to.putShort((short) name.length).putShort((short) (item.isOptional() ? OPTIONAL : 0))
          .putInt(item.bytes()).put(name);
      item.save(to);
    }
  }

  @Override
  public void check(ByteBuffer from) throws ErrnoException {
    Set<String> seen = new HashSet<>();
    while (from.hasRemaining()) {
      SavedItem found = nextItem(from);
      if (!seen.add(found.name)) {
        throw new ErrnoException(Errno.EBADMSG, "the state has '%s' twice".formatted(found.name));
      }
      @Nullable
      StateItem item = items.get(found.name);
      if (item == null && !found.optional) {
        throw rejection("has '%s', which this device does not know", found.name);
      }
      if (item != null && item.bytes() != found.value.remaining()) {
        throw rejection("has '%s' with another length than this device", found.name);
      }
    }
    for (StateItem item : items.values()) {
      if (!item.isOptional() && !seen.contains(item.name())) {
        throw rejection("lacks '%s', which this device needs", item.name());
      }
    }
  }

  private static ErrnoException rejection(String what, String name) {
    return new ErrnoException(Errno.EINVAL, "the state " + what.formatted(name));
  }

  private static SavedItem nextItem(ByteBuffer from) throws ErrnoException {
    if (from.remaining() < ITEM_HEADER_BYTES) {
      throw truncated();
    }
    int nameBytes = Short.toUnsignedInt(from.getShort());
    boolean optional = (from.getShort() & OPTIONAL) != 0;
    int length = from.getInt();
    if (nameBytes == 0 || nameBytes > MAX_NAME_BYTES || length < 0 || length > from.remaining() - nameBytes) {
      throw truncated();
    }
    byte[] name = new byte[nameBytes];
    from.get(name);
    ByteBuffer value = from.slice(from.position(), length).order(ByteOrder.LITTLE_ENDIAN);
    from.position(from.position() + length);
    return new SavedItem(new String(name, StandardCharsets.UTF_8), optional, value);
  }

  private static ErrnoException truncated() {
    return new ErrnoException(Errno.EBADMSG, "an item of the state is cut or longer than the rest");
  }

  @Override
  public void load(ByteBuffer from) throws ErrnoException {
    items.values().forEach(StateItem::reset);
    while (from.hasRemaining()) {
      SavedItem found = nextItem(from);
      @Nullable
      StateItem item = items.get(found.name);
      if (item != null) {
        item.load(found.value);
      }
    }
  }
}
