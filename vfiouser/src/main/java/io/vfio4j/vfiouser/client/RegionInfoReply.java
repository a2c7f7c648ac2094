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
 * An answer to DEVICE_GET_REGION_INFO.
 *
 * @param region what it says, and the memory that came with it
 * @param fullSize bytes that the answer has with all capabilities
 * @param isTruncated whether there are capabilities for which it was not given room
 */
record RegionInfoReply(MappedRegion region, int fullSize, boolean isTruncated) {

  /**
   * Reads an answer.
   *
   * @param reader stands at the answer's beginning
   * @param index the region that was asked about
   * @param room the argsz that it was given
   */
  static RegionInfoReply read(MessageReader reader, int index, int room)
      throws LinuxException, ProtocolException {
    if (reader.remaining() < RegionInfo.SIZE || reader.remaining() > CapabilityChain.MAX_SIZE) {
      throw new ProtocolException("%d bytes on a region, of which %d have fields"
          .formatted(reader.remaining(), RegionInfo.SIZE));
    }
    int size = (int) reader.remaining();
    int at = reader.readInPlace();
    MemorySegment answer = reader.buffer().segment().asSlice(at, size);
    int flags = answer.get(LittleEndian.U32, RegionInfo.FLAGS);
    long length = answer.get(LittleEndian.U64, RegionInfo.LENGTH);
    if (length < 0) {
      throw new ProtocolException("a region of " + Long.toUnsignedString(length) + " bytes");
    }
    boolean hasCapabilities = (flags & RegionInfo.CAPS) != 0;
    int first = answer.get(LittleEndian.U32, RegionInfo.CAP_OFFSET);
    int whole = answer.get(LittleEndian.U32, 0);
    // Some servers set the flag only where there is room for what it stands for; where the chain is left out, some say
    // 0 for its beginning and some where it would be.
    boolean isCut = Integer.compareUnsigned(whole, room) > 0
        && (first == 0 || (first == RegionInfo.SIZE && size == RegionInfo.SIZE));
    if (isCut && (room > RegionInfo.SIZE || whole < 0 || whole > CapabilityChain.MAX_SIZE)) {
      throw new ProtocolException("a region's capabilities need %s bytes, and did not come in %d"
          .formatted(Integer.toUnsignedString(whole), room));
    }
    List<RegionCapability> capabilities =
        hasCapabilities && !isCut ? CapabilityChain.decode(answer, first, length) : List.of();
    var info = new io.vfio4j.model.info.RegionInfo(index, length, (flags & RegionInfo.READ) != 0,
        (flags & RegionInfo.WRITE) != 0, (flags & RegionInfo.MMAP) != 0, capabilities);
    long offset = answer.get(LittleEndian.U64, RegionInfo.OFFSET);
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

  /** Checks that what is to be mapped can be, and is there: beyond the end of a file an access would be a SIGBUS. */
  private static void check(MappedRegion region) throws LinuxException, ProtocolException {
    if (!region.hasMemory()) {
      return;
    }
    long offset = region.offset();
    if (offset < 0 || offset > Long.MAX_VALUE - region.info().size()) {
      throw new ProtocolException("a region's memory at " + Long.toUnsignedString(offset));
    }
    var sparse = region.info().capability(RegionCapability.SparseMmap.class);
    var flaw = sparse.flatMap(areas -> areas.validationError(region.info().size()));
    if (flaw.isPresent()) {
      throw new ProtocolException(flaw.get());
    }
    // Other than files have no size.
    long fileSize = region.fd().size();
    for (RegionCapability.SparseMmap.Area area : region.areas()) {
      if (fileSize > 0 && offset + area.offset() + area.size() > fileSize) {
        throw new ProtocolException("%s of a region that begins at %d of a file of %d"
            .formatted(area, offset, fileSize));
      }
    }
  }
}
