// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceLostException;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.StateLayout;
import io.vfio4j.vfiouser.ProtocolException;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.Header;
import io.vfio4j.vfiouser.wire.LittleEndian;
import io.vfio4j.vfiouser.wire.MessageReader;
import io.vfio4j.vfiouser.wire.Reply;
import io.vfio4j.vfiouser.wire.Structs.Feature;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * The data of feature {@link Feature#STATE_LAYOUT}: {@code u32 length, u32 0, u8 text[128]}, the text of a
 * {@link StateLayout} in UTF-8, and zeros behind it.
 */
public final class ClientStateLayout {

  public static final int SIZE = 8 + StateLayout.MAX_BYTES;

  private static final int TEXT_AT = 8;
  private static final int DATA = Feature.SIZE;

  private ClientStateLayout() {
  }

  /** Fills the reply to a GET, of which the caller has written the head. */
  public static void encode(Optional<StateLayout> layout, Reply reply) throws ErrnoException {
    byte[] text = layout.flatMap(StateLayout::text)
        .orElseThrow(() -> new ErrnoException(Errno.ENOTTY, "the layout of the state is not known"))
        .getBytes(StandardCharsets.UTF_8);
    reply.u32(DATA, text.length).u32(DATA + 4, 0);
    MemorySegment to =
        reply.headSegment().asSlice((long) Header.SIZE + DATA + TEXT_AT, StateLayout.MAX_BYTES);
    to.fill((byte) 0);
    MemorySegment.copy(text, 0, to, ValueLayout.JAVA_BYTE, 0, text.length);
  }

  /** Asks a server. Returns nothing where it does not know the feature, or what it says is no layout. */
  static Optional<StateLayout> query(ClientCalls calls) throws DeviceException {
    try {
      return calls.call("read the layout of the state", Command.DEVICE_FEATURE,
          head -> ClientMigration.encodeFeature(head, Feature.STATE_LAYOUT | Feature.GET, SIZE),
          MemorySegment.NULL,
          ClientStateLayout::decode);
    } catch (DeviceLostException e) {
      throw e;
    } catch (DeviceException e) {
      if (e.errno().equals(Errno.ENOTTY) || e.errno().equals(Errno.EINVAL)) {
        return Optional.empty();
      }
      throw e;
    }
  }

  private static Optional<StateLayout> decode(MessageReader reader)
      throws LinuxException, ProtocolException {
    int at = ClientCalls.readBody(reader, DATA + SIZE) + DATA;
    MemorySegment reply = reader.buffer().segment();
    int length = reply.get(LittleEndian.U32, at);
    if (length < 0 || length > StateLayout.MAX_BYTES) {
      throw new ProtocolException("a layout of %s bytes".formatted(Integer.toUnsignedString(length)));
    }
    byte[] text = reply.asSlice(at + TEXT_AT, length).toArray(ValueLayout.JAVA_BYTE);
    return StateLayout.parse(new String(text, StandardCharsets.UTF_8));
  }
}
