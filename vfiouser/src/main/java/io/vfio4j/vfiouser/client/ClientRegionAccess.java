// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.model.DeviceException;
import io.vfio4j.vfiouser.Limits;
import io.vfio4j.vfiouser.ProtocolException;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.Header;
import io.vfio4j.vfiouser.wire.LittleEndian;
import io.vfio4j.vfiouser.wire.MessageReader;
import io.vfio4j.vfiouser.wire.SliceCache;
import io.vfio4j.vfiouser.wire.Structs.RegionAccess;
import java.lang.foreign.MemorySegment;

/**
 * The client's side of REGION_READ and REGION_WRITE, in pieces of what a message takes. One object serves all of them,
 * one after the other, so that a piece allocates nothing.
 */
final class ClientRegionAccess {

  private final ClientCalls calls;
  private final int maxDataXferSize;
  private final ClientCalls.RequestEncoder fields = this::encode;
  private final ClientChannel.ReplyReader<Boolean> readReplyReader = this::readReply;
  private final ClientChannel.ReplyReader<Boolean> writeReplyReader = reader -> Boolean.TRUE;
  private final SliceCache slices = new SliceCache();

  /** Of the piece that is under way. Guarded by the channel. */
  private int region;
  private long offset;
  private MemorySegment piece = MemorySegment.NULL;

  ClientRegionAccess(ClientCalls calls, Limits limits) {
    this(calls, limits.maxDataXferSize());
  }

  private ClientRegionAccess(ClientCalls calls, int maxDataXferSize) {
    this.calls = calls;
    this.maxDataXferSize = maxDataXferSize;
  }

  /** Returns another one that goes by other calls. */
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
        // The memory is the caller's, and may be freed.
        piece = MemorySegment.NULL;
        channel.unlock();
      }
      done += count;
    }
  }

  private int encode(MemorySegment head) {
    head.set(LittleEndian.U64, Header.SIZE + RegionAccess.OFFSET, offset);
    head.set(LittleEndian.U32, Header.SIZE + RegionAccess.REGION, region);
    head.set(LittleEndian.U32, Header.SIZE + RegionAccess.COUNT, (int) piece.byteSize());
    return RegionAccess.SIZE;
  }

  private Boolean readReply(MessageReader reader) throws LinuxException, ProtocolException {
    int at = ClientCalls.readBody(reader, RegionAccess.SIZE);
    int got = reader.buffer().segment().get(LittleEndian.U32, at + RegionAccess.COUNT);
    if (got != piece.byteSize() || reader.remaining() < piece.byteSize()) {
      throw new ProtocolException("REGION_READ of " + piece.byteSize() + " bytes answered with "
          + Integer.toUnsignedString(got));
    }
    reader.read(piece);
    return Boolean.TRUE;
  }
}
