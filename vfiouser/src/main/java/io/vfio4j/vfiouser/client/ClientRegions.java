// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceLostException;
import io.vfio4j.model.Errno;
import io.vfio4j.model.info.RegionInfo;
import io.vfio4j.vfiouser.Limits;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.Header;
import io.vfio4j.vfiouser.wire.LittleEndian;
import io.vfio4j.vfiouser.wire.Structs;
import io.vfio4j.vfiouser.wire.Structs.IoFds;
import io.vfio4j.vfiouser.wire.Structs.RegionAccess;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * The regions of a served device: DEVICE_GET_REGION_INFO, GET_REGION_IO_FDS, REGION_READ, REGION_WRITE and
 * REGION_WRITE_MULTI. To wait for what is read and written is {@link VfioUserClient}'s, as {@link RegisterAccess}.
 */
public final class ClientRegions {

  private static final String WRITE = "write region";

  private final ClientCalls calls;
  private final int maxDataXferSize;
  private final int maxMsgFds;
  private final ClientRegionWrites writes;
  private final ClientRegionAccess access;

  ClientRegions(ClientCalls calls, Limits limits, boolean writeMultiple) {
    this.calls = calls;
    writes = new ClientRegionWrites(calls, limits, writeMultiple);
    maxDataXferSize = limits.maxDataXferSize();
    maxMsgFds = limits.maxMsgFds();
    access = new ClientRegionAccess(calls, limits);
  }

  RegionInfo info(int index) throws DeviceException {
    try (MappedRegion mapped = query(index)) {
      return mapped.info();
    }
  }

  MappedRegion map(int index) throws DeviceException {
    MappedRegion mapped = query(index);
    if (!mapped.hasMemory()) {
      throw new DeviceException(calls.name(), "map region " + index, Errno.ENODEV);
    }
    return mapped;
  }

  /** Asks, and once more if the answer has capabilities, with as much room as they need. */
  private MappedRegion query(int index) throws DeviceException {
    RegionInfoReply first = query(index, Structs.RegionInfo.SIZE);
    if (!first.isTruncated()) {
      return first.region();
    }
    first.region().close();
    return query(index, first.fullSize()).region();
  }

  private RegionInfoReply query(int index, int room) throws DeviceException {
    return calls.call("GET_REGION_INFO of " + index, Command.DEVICE_GET_REGION_INFO, head -> {
      head.asSlice(Header.SIZE, Structs.RegionInfo.SIZE).fill((byte) 0);
      head.set(LittleEndian.U32, Header.SIZE, room);
      head.set(LittleEndian.U32, Header.SIZE + Structs.RegionInfo.INDEX, index);
      return Structs.RegionInfo.SIZE;
    }, MemorySegment.NULL, reader -> RegionInfoReply.read(reader, index, room));
  }

  /**
   * Asks for the doorbells of a region: places where a write may be the signal of an eventfd instead of a message.
   *
   * @param index the region's index
   * @return as many as the server has and a message carries; the caller's
   * @throws DeviceException EINVAL if there is no such region, ENOSYS or others if the server knows of no doorbells,
   *     E2BIG if it has more than 128
   */
  public Doorbells doorbells(int index) throws DeviceException {
    String action = "GET_REGION_IO_FDS of " + index;
    long regionSize = info(index).size();
    int room = Math.clamp(maxDataXferSize, IoFds.SIZE, RegionIoFdsReply.MAX_SIZE);
    RegionIoFdsReply answer = calls.call(action, Command.DEVICE_GET_REGION_IO_FDS, head -> {
      head.set(LittleEndian.U32, Header.SIZE, room);
      head.set(LittleEndian.U32, Header.SIZE + IoFds.FLAGS, 0);
      head.set(LittleEndian.U32, Header.SIZE + IoFds.INDEX, index);
      head.set(LittleEndian.U32, Header.SIZE + IoFds.COUNT, 0);
      return IoFds.SIZE;
    }, MemorySegment.NULL, reader -> RegionIoFdsReply.read(reader, index, regionSize, room, maxMsgFds));
    if (answer.isTruncated()) {
      throw new DeviceException(calls.name(), action, Errno.E2BIG);
    }
    return answer.doorbells();
  }

  /** Returns a way to regions by other calls, for one user at a time. */
  ClientRegionAccess accessWith(ClientCalls others) {
    return access.withCalls(others);
  }

  void read(int region, long offset, MemorySegment into) throws DeviceException {
    access.read(region, offset, into);
  }

  void write(int region, long offset, MemorySegment data) throws DeviceException {
    access.write(region, offset, data);
  }

  /**
   * Posts a write to a region: does not wait for the device, nor hear of an error. It is carried out before whatever
   * is asked of the device next. In pieces if it is more than the server takes at once.
   *
   * @param region the region's index
   * @param offset where to begin, bytes
   * @param data the bytes, native memory; free for other use at once
   * @throws DeviceLostException if the connection has failed
   */
  public void postWrite(int region, long offset, MemorySegment data) throws DeviceException {
    for (long done = 0; done < data.byteSize();) {
      int count = (int) Math.min(maxDataXferSize, data.byteSize() - done);
      long at = offset + done;
      calls.post(WRITE, Command.REGION_WRITE, head -> encodeAccess(head, region, at, count),
          done == 0 && count == data.byteSize() ? data : data.asSlice(done, count));
      done += count;
    }
  }

  /**
   * Writes to registers, in order, many in a message where the server knows REGION_WRITE_MULTI.
   *
   * @throws DeviceException EINVAL outside a region, and what else the device refuses a write with. Those before it
   *     have been carried out then, except that none of a message has been if one is not within a region that takes
   *     writes
   */
  public void writeAll(List<RegionWrite> all) throws DeviceException {
    writes.write(all);
  }

  /**
   * Posts writes to registers, in order, as {@link #postWrite} does, many in a message where the server knows
   * REGION_WRITE_MULTI.
   *
   * @throws DeviceLostException if the connection has failed
   */
  public void postAll(List<RegionWrite> all) throws DeviceException {
    writes.post(all);
  }

  private static int encodeAccess(MemorySegment head, int region, long offset, int count) {
    head.set(LittleEndian.U64, Header.SIZE + RegionAccess.OFFSET, offset);
    head.set(LittleEndian.U32, Header.SIZE + RegionAccess.REGION, region);
    head.set(LittleEndian.U32, Header.SIZE + RegionAccess.COUNT, count);
    return RegionAccess.SIZE;
  }
}
