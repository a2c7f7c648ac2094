// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.wire;

import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.StateLayout;
import io.vfio4j.vfiouser.ProtocolException;
import io.vfio4j.vfiouser.wire.Structs.Feature;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * The data of feature {@link Feature#STATE_LAYOUT}: {@code u32 length, u32 0, u8 text[128]}. The text is that
 * of a {@link StateLayout}, in UTF-8, padded with zeros.
 */
public final class StateLayoutData {

  public static final int SIZE = 8 + StateLayout.MAX_BYTES;

  private static final int TEXT = 8;

  private StateLayoutData() {
  }

  /**
   * Writes the data of the reply to a GET, behind its {@code struct vfio_device_feature}.
   *
   * @throws ErrnoException ENOTTY if the device does not know its layout
   */
  public static void encode(Optional<StateLayout> layout, Reply reply) throws ErrnoException {
    byte[] text = layout.flatMap(StateLayout::text)
        .orElseThrow(() -> new ErrnoException(Errno.ENOTTY, "the layout of the state is not known"))
        .getBytes(StandardCharsets.UTF_8);
    reply.u32(Feature.SIZE, text.length).u32(Feature.SIZE + 4, 0);
    MemorySegment to =
        reply.headSegment().asSlice((long) Header.SIZE + Feature.SIZE + TEXT, StateLayout.MAX_BYTES);
    to.fill((byte) 0);
    MemorySegment.copy(text, 0, to, ValueLayout.JAVA_BYTE, 0, text.length);
  }

  /**
   * Reads the data at an offset of a reply.
   *
   * @return the layout, or nothing if the text is not one
   * @throws ProtocolException if the length is beyond the text
   */
  public static Optional<StateLayout> decode(MemorySegment reply, int at) throws ProtocolException {
    int length = reply.get(LittleEndian.U32, at);
    if (length < 0 || length > StateLayout.MAX_BYTES) {
      throw new ProtocolException("a layout of %s bytes".formatted(Integer.toUnsignedString(length)));
    }
    byte[] text = reply.asSlice(at + TEXT, length).toArray(ValueLayout.JAVA_BYTE);
    return StateLayout.parse(new String(text, StandardCharsets.UTF_8));
  }
}
