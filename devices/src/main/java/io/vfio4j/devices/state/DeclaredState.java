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
 * The format of a STATE record that consists of declared items:
 *
 * <pre>
 * state:  item...
 * item:   u16 length of the name, u16 flags (1: optional), u32 length of the value, name (UTF-8), value
 * </pre>
 *
 * <p>
 * Items are identified by name, in any order. An unknown item is skipped if it is optional; otherwise the state is refused.
 * A state that lacks an item is refused unless the item is optional.
 */
public final class DeclaredState implements StateImage {

  private static final int ITEM_HEADER_BYTES = 8;
  private static final int OPTIONAL = 1;
  private static final int MAX_NAME_BYTES = 255;

  /** An item of a received state; the value is a view of it. */
  private record SavedItem(String name, boolean optional, ByteBuffer value) {
  }

  private final Map<String, StateItem> items = new LinkedHashMap<>();
  private final int bytes;

  /**
   * Creates the format of a device's items.
   *
   * @throws IllegalArgumentException if two items have the same name, a name is too long, or the state is
   */
  public DeclaredState(List<StateItem> declared) {
    long sum = 0;
    for (StateItem item : declared) {
      if (items.put(item.name(), item) != null) {
        throw new IllegalArgumentException("two items of the state are named " + item.name());
      }
      int nameBytes = encodeName(item.name()).length;
      if (nameBytes == 0 || nameBytes > MAX_NAME_BYTES) {
        throw new IllegalArgumentException(
            "'%s': a name must have 1 to %d bytes".formatted(item.name(), MAX_NAME_BYTES));
      }
      sum += ITEM_HEADER_BYTES + nameBytes + item.bytes();
    }
    if (sum > StateFormat.MAX_PAYLOAD_BYTES) {
      throw new IllegalArgumentException(
          "%d bytes of state exceed the maximum of %d; declare memory instead"
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
        throw new ErrnoException(Errno.EBADMSG, "the state has two items '%s'".formatted(found.name));
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
    return new ErrnoException(Errno.EBADMSG, "an item of the state is truncated");
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
