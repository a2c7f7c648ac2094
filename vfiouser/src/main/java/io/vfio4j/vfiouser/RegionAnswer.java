// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.vfiouser.Structs.RegionInfo;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * An answer to DEVICE_GET_REGION_INFO.
 *
 * @param region what it says, and the memory that came with it
 * @param whole bytes that the answer has with all capabilities
 * @param isCut whether there are capabilities for which it was not given room
 */
record RegionAnswer(MappedRegion region, int whole, boolean isCut) {

  /**
   * Reads an answer.
   *
   * @param reader stands at the answer's beginning
   * @param index the region that was asked about
   * @param room the argsz that it was given
   */
  static RegionAnswer read(MessageReader reader, int index, int room)
      throws LinuxException, ProtocolException {
    if (reader.remaining() < RegionInfo.SIZE || reader.remaining() > CapabilityChain.MAX_SIZE) {
      throw new ProtocolException("%d bytes on a region, of which %d have fields"
          .formatted(reader.remaining(), RegionInfo.SIZE));
    }
    int size = (int) reader.remaining();
    int at = reader.inPlace();
    MemorySegment answer = reader.buffer().segment().asSlice(at, size);
    int flags = answer.get(Wire.U32, RegionInfo.FLAGS);
    long length = answer.get(Wire.U64, RegionInfo.LENGTH);
    if (length < 0) {
      throw new ProtocolException("a region of " + Long.toUnsignedString(length) + " bytes");
    }
    boolean hasCapabilities = (flags & RegionInfo.CAPS) != 0;
    int first = answer.get(Wire.U32, RegionInfo.CAP_OFFSET);
    int whole = answer.get(Wire.U32, 0);
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
    var info = new io.vfio4j.vfiouser.RegionInfo(index, length, (flags & RegionInfo.READ) != 0,
        (flags & RegionInfo.WRITE) != 0, (flags & RegionInfo.MMAP) != 0, capabilities);
    Fd fd = info.mappable() && reader.fds().count() > 0 ? reader.fds().take(0) : null;
    return new RegionAnswer(new MappedRegion(info, fd, answer.get(Wire.U64, RegionInfo.OFFSET)), whole,
        isCut);
  }
}
