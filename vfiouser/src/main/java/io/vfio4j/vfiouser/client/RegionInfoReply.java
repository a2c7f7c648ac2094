// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.model.info.RegionCapability;
import io.vfio4j.vfiouser.ProtocolException;
import io.vfio4j.vfiouser.wire.CapabilityChain;
import io.vfio4j.vfiouser.wire.LittleEndian;
import io.vfio4j.vfiouser.wire.MessageReader;
import io.vfio4j.vfiouser.wire.Structs.RegionInfo;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * A reply to DEVICE_GET_REGION_INFO.
 *
 * @param region the region, with the memory sent with the reply
 * @param fullSize size of the reply with all capabilities, bytes
 * @param isTruncated whether capabilities did not fit in the argsz of the request
 */
record RegionInfoReply(MappedRegion region, int fullSize, boolean isTruncated) {

  /**
   * Reads a reply.
   *
   * @param reader at the beginning of the body
   * @param index index of the requested region
   * @param argsz the argsz of the request
   */
  static RegionInfoReply read(MessageReader reader, int index, int argsz)
      throws LinuxException, ProtocolException {
    if (reader.remaining() < RegionInfo.SIZE || reader.remaining() > CapabilityChain.MAX_SIZE) {
      throw new ProtocolException("invalid size of a region's info: %d bytes".formatted(reader.remaining()));
    }
    int size = (int) reader.remaining();
    int at = reader.readInPlace();
    MemorySegment reply = reader.buffer().segment().asSlice(at, size);
    int flags = reply.get(LittleEndian.U32, RegionInfo.FLAGS);
    long length = reply.get(LittleEndian.U64, RegionInfo.LENGTH);
    if (length < 0) {
      throw new ProtocolException("invalid region size " + Long.toUnsignedString(length));
    }
    boolean hasCapabilities = (flags & RegionInfo.CAPS) != 0;
    int first = reply.get(LittleEndian.U32, RegionInfo.CAP_OFFSET);
    int whole = reply.get(LittleEndian.U32, 0);
    // Some servers set the flag only if the capabilities fit. Without them, some report 0 as their offset,
    // and some the offset that they would have.
    boolean isCut = Integer.compareUnsigned(whole, argsz) > 0
        && (first == 0 || (first == RegionInfo.SIZE && size == RegionInfo.SIZE));
    if (isCut && (argsz > RegionInfo.SIZE || whole < 0 || whole > CapabilityChain.MAX_SIZE)) {
      throw new ProtocolException("a region's capabilities need %s bytes, and were not sent in %d"
          .formatted(Integer.toUnsignedString(whole), argsz));
    }
    List<RegionCapability> capabilities =
        hasCapabilities && !isCut ? CapabilityChain.decode(reply, first, length) : List.of();
    var info = new io.vfio4j.model.info.RegionInfo(index, length, (flags & RegionInfo.READ) != 0,
        (flags & RegionInfo.WRITE) != 0, (flags & RegionInfo.MMAP) != 0, capabilities);
    long offset = reply.get(LittleEndian.U64, RegionInfo.OFFSET);
    Fd fd = info.mappable() && reader.fds().count() > 0 ? reader.fds().take(0) : null;
    MappedRegion region = new MappedRegion(info, fd, offset);
    try {
      check(region);
      return new RegionInfoReply(region, whole, isCut);
    } catch (LinuxException | ProtocolException e) {
      region.close();
      throw e;
    }
  }

  /**
   * Checks that the areas lie within the region and within its file: beyond its end an access would raise
   * SIGBUS.
   */
  private static void check(MappedRegion region) throws LinuxException, ProtocolException {
    if (!region.hasMemory()) {
      return;
    }
    long offset = region.offset();
    if (offset < 0 || offset > Long.MAX_VALUE - region.info().size()) {
      throw new ProtocolException("invalid offset of a region's memory: " + Long.toUnsignedString(offset));
    }
    var sparse = region.info().capability(RegionCapability.SparseMmap.class);
    var error = sparse.flatMap(areas -> areas.validationError(region.info().size()));
    if (error.isPresent()) {
      throw new ProtocolException(error.get());
    }
    // The size of a device file is 0.
    long fileSize = region.fd().size();
    for (RegionCapability.SparseMmap.Area area : region.areas()) {
      if (fileSize > 0 && offset + area.offset() + area.size() > fileSize) {
        throw new ProtocolException("%s of a region at offset %d exceeds its file of %d bytes"
            .formatted(area, offset, fileSize));
      }
    }
  }
}
