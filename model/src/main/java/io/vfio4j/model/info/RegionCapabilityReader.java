// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.info;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import io.vfio4j.model.info.RegionCapability.Ndma;
import io.vfio4j.model.info.RegionCapability.RegionType;
import io.vfio4j.model.info.RegionCapability.SparseMmap;
import io.vfio4j.model.info.RegionCapability.UnknownCapability;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads the chain of capabilities that follows {@code struct vfio_region_info} (uapi/linux/vfio.h), in the
 * format that the kernel and vfio-user servers share. Offsets are relative to the beginning of that struct.
 * Grammar, all fields little-endian:
 *
 * <pre>
 * capability = header data            # the next one at offset header.next; 0 ends the chain
 * header     = u16 id, u16 version, u32 next
 * sparse     = u32 count, u32 reserved, count * { u64 offset, u64 size }     # id 1
 * type       = u32 type, u32 subtype                                         # id 2
 * ndma       = (empty)                                                       # id 6
 * </pre>
 */
public final class RegionCapabilityReader {

  private static final ValueLayout.OfShort U16 = JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt U32 = JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong U64 = JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** {@code sizeof(struct vfio_region_info)}. */
  private static final int REGION_INFO_SIZE = 32;

  private static final int HEADER_SIZE = 8;
  private static final int HEADER_VERSION = 2;
  private static final int HEADER_NEXT = 4;

  private static final int SPARSE_SIZE = 8;
  private static final int AREA_SIZE = 16;

  private static final int TYPE_SIZE = 8;
  private static final int TYPE_SUBTYPE = 4;

  private static final int KNOWN_VERSION = 1;

  private RegionCapabilityReader() {
  }

  /**
   * Reads the chain of a reply.
   *
   * @param reply the whole reply, from the beginning of {@code struct vfio_region_info}
   * @param first the offset of the first capability, as given by the reply; 0 if there is none
   * @param regionSize the size of the region in bytes, not negative
   * @return the capabilities, in order
   * @throws MalformedCapabilityException if a capability does not lie within the reply, an area does not lie
   *     within the region, or the chain has no end
   */
  public static List<RegionCapability> read(MemorySegment reply, int first, long regionSize)
      throws MalformedCapabilityException {
    // The number of capabilities that fit without overlapping; a longer chain must be a loop.
    long maxCapabilities = (reply.byteSize() - REGION_INFO_SIZE) / HEADER_SIZE;
    List<RegionCapability> capabilities = new ArrayList<>();
    for (long at = Integer.toUnsignedLong(first); at != 0;) {
      if (at < REGION_INFO_SIZE || at > reply.byteSize() - HEADER_SIZE) {
        throw new MalformedCapabilityException("region capability at %d of %d bytes"
            .formatted(at, reply.byteSize()));
      }
      if (capabilities.size() >= maxCapabilities) {
        throw new MalformedCapabilityException("chain of region capabilities without an end");
      }
      capabilities.add(readOne(reply.asSlice(at), regionSize));
      at = Integer.toUnsignedLong(reply.get(U32, at + HEADER_NEXT));
    }
    return capabilities;
  }

  private static RegionCapability readOne(MemorySegment from, long regionSize)
      throws MalformedCapabilityException {
    int id = Short.toUnsignedInt(from.get(U16, 0));
    int version = Short.toUnsignedInt(from.get(U16, HEADER_VERSION));
    MemorySegment data = from.asSlice(HEADER_SIZE);
    if (version != KNOWN_VERSION) {
      return new UnknownCapability(id, version);
    }
    return switch (id) {
      case SparseMmap.ID -> sparseMmap(data, regionSize);
      case RegionType.ID -> {
        requireSize(data, TYPE_SIZE, id);
        yield new RegionType(data.get(U32, 0), data.get(U32, TYPE_SUBTYPE));
      }
      case Ndma.ID -> new Ndma();
      default -> new UnknownCapability(id, version);
    };
  }

  private static SparseMmap sparseMmap(MemorySegment data, long regionSize)
      throws MalformedCapabilityException {
    requireSize(data, SPARSE_SIZE, SparseMmap.ID);
    long count = Integer.toUnsignedLong(data.get(U32, 0));
    requireSize(data, SPARSE_SIZE + count * AREA_SIZE, SparseMmap.ID);
    List<SparseMmap.Area> areas = new ArrayList<>((int) count);
    for (long at = SPARSE_SIZE; areas.size() < count; at += AREA_SIZE) {
      long offset = data.get(U64, at);
      long size = data.get(U64, at + Long.BYTES);
      if (size <= 0 || size > regionSize || offset < 0 || offset > regionSize - size) {
        throw new MalformedCapabilityException(
            "mappable area of %s bytes at %s in a region of %d bytes".formatted(
                Long.toUnsignedString(size), Long.toUnsignedString(offset), regionSize));
      }
      areas.add(new SparseMmap.Area(offset, size));
    }
    return new SparseMmap(areas);
  }

  private static void requireSize(MemorySegment data, long bytes, int id)
      throws MalformedCapabilityException {
    if (data.byteSize() < bytes) {
      throw new MalformedCapabilityException("region capability has %d bytes; capability %d needs %d"
          .formatted(data.byteSize(), id, bytes));
    }
  }
}
