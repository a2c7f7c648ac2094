// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import io.vfio4j.linux.Fd;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.Errno;
import java.lang.foreign.MemorySegment;

/** The client's side of DEVICE_GET_REGION_INFO, REGION_READ and REGION_WRITE. */
final class ClientRegions {

  private final ClientCalls calls;
  private final int maxDataXferSize;

  ClientRegions(ClientCalls calls, Limits limits) {
    this.calls = calls;
    maxDataXferSize = limits.maxDataXferSize();
  }

  RegionInfo info(int index) throws DeviceException {
    try (MappedRegion mapped = ask(index)) {
      return mapped.info();
    }
  }

  MappedRegion map(int index) throws DeviceException {
    MappedRegion mapped = ask(index);
    if (!mapped.hasMemory()) {
      throw new DeviceException(calls.name(), "map region " + index, Errno.ENODEV);
    }
    return mapped;
  }

  private MappedRegion ask(int index) throws DeviceException {
    return calls.call("GET_REGION_INFO of " + index, Command.DEVICE_GET_REGION_INFO, head -> {
      head.asSlice(Header.SIZE, Structs.RegionInfo.SIZE).fill((byte) 0);
      head.set(Wire.U32, Header.SIZE, Structs.RegionInfo.SIZE);
      head.set(Wire.U32, Header.SIZE + Structs.RegionInfo.INDEX, index);
      return Structs.RegionInfo.SIZE;
    }, MemorySegment.NULL, reader -> {
      int at = ClientCalls.body(reader, Structs.RegionInfo.SIZE);
      MemorySegment reply = reader.buffer().segment();
      int flags = reply.get(Wire.U32, at + Structs.RegionInfo.FLAGS);
      long size = reply.get(Wire.U64, at + Structs.RegionInfo.LENGTH);
      if (size < 0) {
        throw new ProtocolException("a region of " + Long.toUnsignedString(size) + " bytes");
      }
      RegionInfo region = new RegionInfo(index, size, (flags & Structs.RegionInfo.READ) != 0,
          (flags & Structs.RegionInfo.WRITE) != 0, (flags & Structs.RegionInfo.MMAP) != 0);
      Fd fd = region.mappable() && reader.fds().count() > 0 ? reader.fds().take(0) : null;
      return new MappedRegion(region, fd, reply.get(Wire.U64, at + Structs.RegionInfo.OFFSET));
    });
  }

  void read(int region, long offset, MemorySegment into) throws DeviceException {
    for (long done = 0; done < into.byteSize();) {
      int count = (int) Math.min(maxDataXferSize, into.byteSize() - done);
      readPiece(region, offset + done,
          done == 0 && count == into.byteSize() ? into : into.asSlice(done, count));
      done += count;
    }
  }

  private void readPiece(int region, long offset, MemorySegment into) throws DeviceException {
    int count = (int) into.byteSize();
    calls.call("read region", Command.REGION_READ, head -> regionAccess(head, region, offset, count),
        MemorySegment.NULL,
        reader -> {
          int at = ClientCalls.body(reader, Structs.RegionAccess.SIZE);
          int got = reader.buffer().segment().get(Wire.U32, at + Structs.RegionAccess.COUNT);
          if (got != count || reader.remaining() < count) {
            throw new ProtocolException(
                "REGION_READ of " + count + " bytes answered with " + Integer.toUnsignedString(got));
          }
          reader.read(into);
          return Boolean.TRUE;
        });
  }

  void write(int region, long offset, MemorySegment data) throws DeviceException {
    for (long done = 0; done < data.byteSize();) {
      int count = (int) Math.min(maxDataXferSize, data.byteSize() - done);
      long at = offset + done;
      calls.call("write region", Command.REGION_WRITE, head -> regionAccess(head, region, at, count),
          data.asSlice(done, count), reader -> Boolean.TRUE);
      done += count;
    }
  }

  private static int regionAccess(MemorySegment head, int region, long offset, int count) {
    head.set(Wire.U64, Header.SIZE + Structs.RegionAccess.OFFSET, offset);
    head.set(Wire.U32, Header.SIZE + Structs.RegionAccess.REGION, region);
    head.set(Wire.U32, Header.SIZE + Structs.RegionAccess.COUNT, count);
    return Structs.RegionAccess.SIZE;
  }
}
