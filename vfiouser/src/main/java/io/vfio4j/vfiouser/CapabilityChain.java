// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import io.vfio4j.vfiouser.RegionCapability.Ndma;
import io.vfio4j.vfiouser.RegionCapability.Other;
import io.vfio4j.vfiouser.RegionCapability.RegionType;
import io.vfio4j.vfiouser.RegionCapability.SparseMmap;
import io.vfio4j.vfiouser.Structs.CapabilityHeader;
import io.vfio4j.vfiouser.Structs.RegionInfo;
import io.vfio4j.vfiouser.Structs.SparseMmapData;
import io.vfio4j.vfiouser.Structs.TypeData;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * The chain of capabilities behind {@code struct vfio_region_info}: the one place that writes it, and the one that
 * reads it. Offsets count from the beginning of that struct. What is written begins at multiples of 8.
 */
final class CapabilityChain {

  /** The most bytes of an answer with its chain, on either side. */
  static final int MAX_SIZE = 4096;

  private static final int KNOWN_VERSION = 1;

  private CapabilityChain() {
  }

  /** Returns the bytes of a region's answer with its chain; more than {@link #MAX_SIZE} if it is too long. */
  static long size(List<RegionCapability> capabilities) {
    long size = RegionInfo.SIZE;
    for (RegionCapability capability : capabilities) {
      size += sizeOf(capability);
    }
    return size;
  }

  private static long sizeOf(RegionCapability capability) {
    return CapabilityHeader.SIZE + switch (capability) {
      case SparseMmap sparse -> SparseMmapData.SIZE + (long) sparse.areas().size() * SparseMmapData.AREA_SIZE;
      case RegionType _ -> TypeData.SIZE;
      case Ndma _,Other _ -> 0;
    };
  }

  /** Lets a chain of at least one capability follow the fields of an answer that has been begun. */
  static void encode(List<RegionCapability> capabilities, Reply reply) {
    int at = RegionInfo.SIZE;
    for (int i = 0; i < capabilities.size(); i++) {
      RegionCapability capability = capabilities.get(i);
      int end = at + (int) sizeOf(capability);
      boolean isLast = i == capabilities.size() - 1;
      reply.u16(at, capability.id()).u16(at + CapabilityHeader.VERSION, capability.version())
          .u32(at + CapabilityHeader.NEXT, isLast ? 0 : end);
      encodeData(capability, reply, at + CapabilityHeader.SIZE);
      at = end;
    }
    reply.size(at);
  }

  private static void encodeData(RegionCapability capability, Reply reply, int at) {
    switch (capability) {
      case SparseMmap(List<SparseMmap.Area> areas) -> {
        reply.u32(at, areas.size()).u32(at + Integer.BYTES, 0);
        int area = at + SparseMmapData.SIZE;
        for (SparseMmap.Area mappable : areas) {
          reply.u64(area, mappable.offset()).u64(area + Long.BYTES, mappable.size());
          area += SparseMmapData.AREA_SIZE;
        }
      }
      case RegionType(int type, int subtype) -> reply.u32(at, type).u32(at + TypeData.SUBTYPE, subtype);
      case Ndma _,Other _ -> {
        // nothing but a header
      }
    }
  }

  /**
   * Reads the chain of an answer.
   *
   * @param answer the answer, all of it and nothing else: from the beginning of {@code struct vfio_region_info}
   * @param first where the chain begins, as the peer says it
   * @param regionSize bytes of the region, not negative
   * @throws ProtocolException if a member does not lie within the answer, says what cannot be, or the chain has no end
   */
  static List<RegionCapability> decode(MemorySegment answer, int first, long regionSize)
      throws ProtocolException {
    // So many fit if none lies upon another; a chain with more members comes back to where it was.
    long most = (answer.byteSize() - RegionInfo.SIZE) / CapabilityHeader.SIZE;
    List<RegionCapability> capabilities = new ArrayList<>();
    for (long at = Integer.toUnsignedLong(first); at != 0;) {
      if (at < RegionInfo.SIZE || at > answer.byteSize() - CapabilityHeader.SIZE) {
        throw new ProtocolException("a capability of a region at %d of %d bytes"
            .formatted(at, answer.byteSize()));
      }
      if (capabilities.size() >= most) {
        throw new ProtocolException("a chain of capabilities without an end");
      }
      capabilities.add(decodeOne(answer.asSlice(at), regionSize));
      at = Integer.toUnsignedLong(answer.get(Wire.U32, at + CapabilityHeader.NEXT));
    }
    return capabilities;
  }

  private static RegionCapability decodeOne(MemorySegment from, long regionSize) throws ProtocolException {
    int id = Short.toUnsignedInt(from.get(Wire.U16, 0));
    int version = Short.toUnsignedInt(from.get(Wire.U16, CapabilityHeader.VERSION));
    MemorySegment data = from.asSlice(CapabilityHeader.SIZE);
    if (version != KNOWN_VERSION) {
      return new Other(id, version);
    }
    return switch (id) {
      case SparseMmap.ID -> sparseMmap(data, regionSize);
      case RegionType.ID -> {
        needs(data, TypeData.SIZE, id);
        yield new RegionType(data.get(Wire.U32, 0), data.get(Wire.U32, TypeData.SUBTYPE));
      }
      case Ndma.ID -> new Ndma();
      default -> new Other(id, version);
    };
  }

  private static SparseMmap sparseMmap(MemorySegment data, long regionSize) throws ProtocolException {
    needs(data, SparseMmapData.SIZE, SparseMmap.ID);
    long count = Integer.toUnsignedLong(data.get(Wire.U32, 0));
    needs(data, SparseMmapData.SIZE + count * SparseMmapData.AREA_SIZE, SparseMmap.ID);
    List<SparseMmap.Area> areas = new ArrayList<>((int) count);
    for (long at = SparseMmapData.SIZE; areas.size() < count; at += SparseMmapData.AREA_SIZE) {
      long offset = data.get(Wire.U64, at);
      long size = data.get(Wire.U64, at + Long.BYTES);
      if (size <= 0 || size > regionSize || offset < 0 || offset > regionSize - size) {
        throw new ProtocolException("a mappable area of %s bytes at %s in a region of %d".formatted(
            Long.toUnsignedString(size), Long.toUnsignedString(offset), regionSize));
      }
      areas.add(new SparseMmap.Area(offset, size));
    }
    return new SparseMmap(areas);
  }

  private static void needs(MemorySegment data, long bytes, int id) throws ProtocolException {
    if (data.byteSize() < bytes) {
      throw new ProtocolException("%d bytes of a region's capability %d where it needs %d"
          .formatted(data.byteSize(), id, bytes));
    }
  }
}
