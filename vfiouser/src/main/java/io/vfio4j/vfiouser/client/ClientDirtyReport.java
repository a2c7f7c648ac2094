// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DmaLog;
import io.vfio4j.model.Errno;
import io.vfio4j.model.IovaRange;
import io.vfio4j.vfiouser.Limits;
import io.vfio4j.vfiouser.ProtocolException;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.LittleEndian;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A call whose reply ends with a dirty bitmap: the log of a range, or what was left of it at its DMA_UNMAP. */
final class ClientDirtyReport {

  private final ClientCalls calls;
  private final String action;
  private final long bytes;
  private final MemorySegment bitmap;

  /**
   * Prepares a call.
   *
   * @param action what it is for, for messages
   * @param bitmap where bits are set, none is cleared
   * @throws DeviceException EINVAL for a page size that is no power of two or too short a bitmap, E2BIG for one that
   *     is longer than was agreed on
   */
  ClientDirtyReport(ClientCalls calls, Limits limits, String action, IovaRange range, long pageSize,
      MemorySegment bitmap) throws DeviceException {
    this.calls = calls;
    this.action = action + " of " + range;
    this.bitmap = bitmap;
    if (Long.bitCount(pageSize) != 1) {
      throw new DeviceException(calls.name(), this.action + " in pages of " + pageSize + " bytes",
          Errno.EINVAL);
    }
    bytes = DmaLog.bitmapBytes(range, pageSize);
    if (bytes > bitmap.byteSize()) {
      throw new DeviceException(calls.name(), this.action + " into too short a bitmap", Errno.EINVAL);
    }
    if (bytes > limits.maxBitmapSize()) {
      throw new DeviceException(calls.name(), this.action, Errno.E2BIG);
    }
  }

  /** Returns how long the bitmap in the reply is, bytes. */
  long bytes() {
    return bytes;
  }

  /**
   * Calls.
   *
   * @param fields what the command says
   * @param head bytes of the reply before the bitmap
   */
  void call(Command command, ClientCalls.RequestEncoder fields, int head) throws DeviceException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment reported = arena.allocate(bytes, Long.BYTES);
      calls.call(action, command, fields, MemorySegment.NULL, reader -> {
        ClientCalls.readBody(reader, head);
        if (reader.remaining() != bytes) {
          throw new ProtocolException("a bitmap of " + reader.remaining() + " bytes instead of " + bytes);
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
