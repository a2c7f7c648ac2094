// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.Errno;
import io.vfio4j.vfiouser.Structs.RegionAccess;
import java.lang.foreign.MemorySegment;

/** The client's side of DEVICE_GET_REGION_INFO, REGION_READ and REGION_WRITE. */
final class ClientRegions {

  private static final String WRITE = "write region";

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

  /** Asks, and once more if the answer has capabilities, with as much room as they need. */
  private MappedRegion ask(int index) throws DeviceException {
    RegionAnswer first = ask(index, Structs.RegionInfo.SIZE);
    if (!first.isCut()) {
      return first.region();
    }
    first.region().close();
    return ask(index, first.whole()).region();
  }

  private RegionAnswer ask(int index, int room) throws DeviceException {
    return calls.call("GET_REGION_INFO of " + index, Command.DEVICE_GET_REGION_INFO, head -> {
      head.asSlice(Header.SIZE, Structs.RegionInfo.SIZE).fill((byte) 0);
      head.set(Wire.U32, Header.SIZE, room);
      head.set(Wire.U32, Header.SIZE + Structs.RegionInfo.INDEX, index);
      return Structs.RegionInfo.SIZE;
    }, MemorySegment.NULL, reader -> RegionAnswer.read(reader, index, room));
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
          int at = ClientCalls.body(reader, RegionAccess.SIZE);
          int got = reader.buffer().segment().get(Wire.U32, at + RegionAccess.COUNT);
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
      calls.call(WRITE, Command.REGION_WRITE, head -> regionAccess(head, region, at, count),
          data.asSlice(done, count), reader -> Boolean.TRUE);
      done += count;
    }
  }

  void post(int region, long offset, MemorySegment data) throws DeviceException {
    for (long done = 0; done < data.byteSize();) {
      int count = (int) Math.min(maxDataXferSize, data.byteSize() - done);
      long at = offset + done;
      calls.post(WRITE, Command.REGION_WRITE, head -> regionAccess(head, region, at, count),
          done == 0 && count == data.byteSize() ? data : data.asSlice(done, count));
      done += count;
    }
  }

  private static int regionAccess(MemorySegment head, int region, long offset, int count) {
    head.set(Wire.U64, Header.SIZE + RegionAccess.OFFSET, offset);
    head.set(Wire.U32, Header.SIZE + RegionAccess.REGION, region);
    head.set(Wire.U32, Header.SIZE + RegionAccess.COUNT, count);
    return RegionAccess.SIZE;
  }
}
