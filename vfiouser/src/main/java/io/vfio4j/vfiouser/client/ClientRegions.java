// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceLostException;
import io.vfio4j.model.Errno;
import io.vfio4j.model.info.RegionInfo;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.Header;
import io.vfio4j.vfiouser.wire.LittleEndian;
import io.vfio4j.vfiouser.wire.Structs;
import io.vfio4j.vfiouser.wire.Structs.IoFds;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * The regions of a served device: DEVICE_GET_REGION_INFO, GET_REGION_IO_FDS, REGION_READ, REGION_WRITE and
 * REGION_WRITE_MULTI. Single accesses that wait for their reply are methods of {@link VfioUserClient}, as
 * {@link RegisterAccess}.
 */
public final class ClientRegions {

  private static final String WRITE = "write region";

  private final ClientCalls calls;
  private final int maxDataXferSize;
  private final int maxMsgFds;
  private final ClientRegionWrites writes;
  private final ClientRegionAccess access;

  ClientRegions(ClientContext context, boolean writeMultiple) {
    calls = context.calls();
    writes = new ClientRegionWrites(context, writeMultiple);
    maxDataXferSize = context.limits().maxDataXferSize();
    maxMsgFds = context.limits().maxMsgFds();
    access = new ClientRegionAccess(calls, maxDataXferSize);
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

  /** Queries a region, and once more with a larger argsz if its capabilities did not fit. */
  private MappedRegion query(int index) throws DeviceException {
    RegionInfoReply first = query(index, Structs.RegionInfo.SIZE);
    if (!first.isTruncated()) {
      return first.region();
    }
    first.region().close();
    return query(index, first.fullSize()).region();
  }

  private RegionInfoReply query(int index, int argsz) throws DeviceException {
    return calls.call("GET_REGION_INFO of " + index, Command.DEVICE_GET_REGION_INFO, head -> {
      head.asSlice(Header.SIZE, Structs.RegionInfo.SIZE).fill((byte) 0);
      head.set(LittleEndian.U32, Header.SIZE, argsz);
      head.set(LittleEndian.U32, Header.SIZE + Structs.RegionInfo.INDEX, index);
      return Structs.RegionInfo.SIZE;
    }, MemorySegment.NULL, reader -> RegionInfoReply.read(reader, index, argsz));
  }

  /**
   * Requests the doorbells of a region: places where a client may signal an eventfd instead of sending a
   * write.
   *
   * @param index the region's index
   * @return the doorbells; closed by the caller
   * @throws DeviceException EINVAL if there is no such region, ENOSYS or another errno if the server does not
   *     support doorbells, E2BIG if it has more than 128 or more than fit in a message
   */
  public Doorbells doorbells(int index) throws DeviceException {
    String action = "GET_REGION_IO_FDS of " + index;
    long regionSize = info(index).size();
    int argsz = Math.clamp(maxDataXferSize, IoFds.SIZE, RegionIoFdsReply.MAX_SIZE);
    RegionIoFdsReply reply = calls.call(action, Command.DEVICE_GET_REGION_IO_FDS, head -> {
      head.set(LittleEndian.U32, Header.SIZE, argsz);
      head.set(LittleEndian.U32, Header.SIZE + IoFds.FLAGS, 0);
      head.set(LittleEndian.U32, Header.SIZE + IoFds.INDEX, index);
      head.set(LittleEndian.U32, Header.SIZE + IoFds.COUNT, 0);
      return IoFds.SIZE;
    }, MemorySegment.NULL, reader -> RegionIoFdsReply.read(reader, index, regionSize, argsz, maxMsgFds));
    if (reply.isTruncated()) {
      throw new DeviceException(calls.name(), action, Errno.E2BIG);
    }
    return reply.doorbells();
  }

  /** Returns an access to the regions through other calls, for one user at a time. */
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
   * Posts a write to a region: neither waits for the device nor reports an error. The server handles it
   * before later requests. Split into several messages if it exceeds the server's limit.
   *
   * @param region the region's index
   * @param offset where to begin, bytes
   * @param data native memory, which may be reused as soon as this returns
   * @throws DeviceLostException if the connection has failed
   */
  public void postWrite(int region, long offset, MemorySegment data) throws DeviceException {
    for (long done = 0; done < data.byteSize();) {
      int count = (int) Math.min(maxDataXferSize, data.byteSize() - done);
      long at = offset + done;
      calls.post(WRITE, Command.REGION_WRITE,
          head -> ClientRegionAccess.encode(head, Header.SIZE, region, at, count),
          done == 0 && count == data.byteSize() ? data : data.asSlice(done, count));
      done += count;
    }
  }

  /**
   * Writes to registers, in order, many in one message if the server supports REGION_WRITE_MULTI.
   *
   * @throws DeviceException EINVAL outside a region, or another errno with which the device refuses a write.
   *     The writes before it have been done, except that a message with a write outside a writable region has
   *     no effect at all
   */
  public void writeAll(List<RegionWrite> all) throws DeviceException {
    writes.write(all);
  }

  /**
   * Posts writes to registers as {@link #postWrite} does, in order, many in one message if the server
   * supports REGION_WRITE_MULTI.
   *
   * @throws DeviceLostException if the connection has failed
   */
  public void postAll(List<RegionWrite> all) throws DeviceException {
    writes.post(all);
  }
}
