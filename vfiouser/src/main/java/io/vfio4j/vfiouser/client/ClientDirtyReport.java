// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DmaLog;
import io.vfio4j.model.Errno;
import io.vfio4j.model.IovaRange;
import io.vfio4j.vfiouser.ProtocolException;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.LittleEndian;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A call whose reply ends with a dirty bitmap: DMA_LOGGING_REPORT, or DMA_UNMAP with the bitmap. */
final class ClientDirtyReport {

  private final ClientCalls calls;
  private final String action;
  private final long bytes;
  private final MemorySegment bitmap;

  /**
   * Prepares a call.
   *
   * @param action its purpose, for messages
   * @param bitmap where bits are set; none is cleared
   * @throws DeviceException EINVAL for a page size that is not a power of two or a bitmap that is too short,
   *     E2BIG for one that exceeds the negotiated limit
   */
  ClientDirtyReport(ClientContext context, String action, IovaRange range, long pageSize,
      MemorySegment bitmap)
      throws DeviceException {
    calls = context.calls();
    this.action = action + " of " + range;
    this.bitmap = bitmap;
    if (Long.bitCount(pageSize) != 1) {
      throw new DeviceException(calls.name(), this.action + ": invalid page size " + pageSize,
          Errno.EINVAL);
    }
    bytes = DmaLog.bitmapBytes(range, pageSize);
    if (bytes > bitmap.byteSize()) {
      throw new DeviceException(calls.name(), this.action + ": bitmap too short", Errno.EINVAL);
    }
    if (bytes > context.limits().maxBitmapSize()) {
      throw new DeviceException(calls.name(), this.action, Errno.E2BIG);
    }
  }

  /** Returns the size of the bitmap in the reply, bytes. */
  long bytes() {
    return bytes;
  }

  /**
   * Sends the command, and adds the bits of its reply to the bitmap.
   *
   * @param fields encodes the command's fields
   * @param head bytes of the reply before the bitmap
   */
  void call(Command command, ClientCalls.RequestEncoder fields, int head) throws DeviceException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment reported = arena.allocate(bytes, Long.BYTES);
      calls.call(action, command, fields, MemorySegment.NULL, reader -> {
        ClientCalls.readBody(reader, head);
        if (reader.remaining() != bytes) {
          throw new ProtocolException(
              "a dirty bitmap of " + reader.remaining() + " bytes instead of " + bytes);
        }
        reader.read(reported);
        return Boolean.TRUE;
      });
      for (long at = 0; at < bytes; at += Long.BYTES) {
        bitmap.set(LittleEndian.U64, at,
            bitmap.get(LittleEndian.U64, at) | reported.get(LittleEndian.U64, at));
      }
    }
  }
}
