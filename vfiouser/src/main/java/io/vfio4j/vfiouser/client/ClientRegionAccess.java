// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.model.DeviceException;
import io.vfio4j.vfiouser.ProtocolException;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.Header;
import io.vfio4j.vfiouser.wire.LittleEndian;
import io.vfio4j.vfiouser.wire.MessageReader;
import io.vfio4j.vfiouser.wire.SliceCache;
import io.vfio4j.vfiouser.wire.Structs.RegionAccess;
import java.lang.foreign.MemorySegment;

/**
 * The client's side of REGION_READ and REGION_WRITE, split into pieces that fit in a message. The encoder and
 * the readers are kept, with the current piece in fields, so that an access does not allocate.
 */
final class ClientRegionAccess {

  private final ClientCalls calls;
  private final int maxDataXferSize;
  private final ClientCalls.RequestEncoder fields = this::encode;
  private final ClientChannel.ReplyReader<Boolean> readReplyReader = this::readReply;
  private final ClientChannel.ReplyReader<Boolean> writeReplyReader = reader -> Boolean.TRUE;
  private final SliceCache slices = new SliceCache();

  /** The current piece. Guarded by the channel's lock. */
  private int region;
  private long offset;
  private MemorySegment piece = MemorySegment.NULL;

  ClientRegionAccess(ClientCalls calls, int maxDataXferSize) {
    this.calls = calls;
    this.maxDataXferSize = maxDataXferSize;
  }

  /** Returns an access through other calls. */
  ClientRegionAccess withCalls(ClientCalls others) {
    return new ClientRegionAccess(others, maxDataXferSize);
  }

  void read(int index, long from, MemorySegment into) throws DeviceException {
    transfer("read region", Command.REGION_READ, index, from, into);
  }

  void write(int index, long to, MemorySegment data) throws DeviceException {
    transfer("write region", Command.REGION_WRITE, index, to, data);
  }

  private void transfer(String action, Command command, int index, long at, MemorySegment memory)
      throws DeviceException {
    ClientChannel channel = calls.channel();
    boolean isRead = command == Command.REGION_READ;
    long size = memory.byteSize();
    for (long done = 0; done < size;) {
      long count = Math.min(maxDataXferSize, size - done);
      channel.lockUnchecked();
      try {
        region = index;
        offset = at + done;
        piece = count == size ? memory : slices.of(memory, done, count);
        calls.call(action, command, fields, isRead ? MemorySegment.NULL : piece,
            isRead ? readReplyReader : writeReplyReader);
      } finally {
        // The caller may free the memory.
        piece = MemorySegment.NULL;
        channel.unlock();
      }
      done += count;
    }
  }

  private int encode(MemorySegment head) {
    return encode(head, Header.SIZE, region, offset, (int) piece.byteSize());
  }

  /** Encodes the fields of an access, and returns their size. */
  static int encode(MemorySegment head, int at, int region, long offset, int count) {
    head.set(LittleEndian.U64, at + RegionAccess.OFFSET, offset);
    head.set(LittleEndian.U32, at + RegionAccess.REGION, region);
    head.set(LittleEndian.U32, at + RegionAccess.COUNT, count);
    return RegionAccess.SIZE;
  }

  private Boolean readReply(MessageReader reader) throws LinuxException, ProtocolException {
    int at = ClientCalls.readBody(reader, RegionAccess.SIZE);
    int count = reader.buffer().segment().get(LittleEndian.U32, at + RegionAccess.COUNT);
    if (count != piece.byteSize() || reader.remaining() < piece.byteSize()) {
      throw new ProtocolException("REGION_READ of " + piece.byteSize() + " bytes answered with "
          + Integer.toUnsignedString(count));
    }
    reader.read(piece);
    return Boolean.TRUE;
  }
}
