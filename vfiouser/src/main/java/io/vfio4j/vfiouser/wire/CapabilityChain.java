// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.wire;

import io.vfio4j.model.info.MalformedCapabilityException;
import io.vfio4j.model.info.RegionCapability;
import io.vfio4j.model.info.RegionCapability.Ndma;
import io.vfio4j.model.info.RegionCapability.RegionType;
import io.vfio4j.model.info.RegionCapability.SparseMmap;
import io.vfio4j.model.info.RegionCapability.UnknownCapability;
import io.vfio4j.model.info.RegionCapabilityReader;
import io.vfio4j.vfiouser.ProtocolException;
import io.vfio4j.vfiouser.wire.Structs.CapabilityHeader;
import io.vfio4j.vfiouser.wire.Structs.RegionInfo;
import io.vfio4j.vfiouser.wire.Structs.SparseMmapData;
import io.vfio4j.vfiouser.wire.Structs.TypeData;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * The chain of capabilities behind {@code struct vfio_region_info}. Offsets count from the beginning of that
 * struct. Capabilities begin at multiples of 8.
 */
public final class CapabilityChain {

  /** Most bytes of a reply with its chain, on either side. */
  public static final int MAX_SIZE = 4096;

  private CapabilityChain() {
  }

  /** Returns the size of a region's reply with its chain; more than {@link #MAX_SIZE} if it is too long. */
  public static long size(List<RegionCapability> capabilities) {
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
      case Ndma _, UnknownCapability _ -> 0;
    };
  }

  /** Appends a chain of at least one capability to the fields of a reply. */
  public static void encode(List<RegionCapability> capabilities, Reply reply) {
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
      case Ndma _, UnknownCapability _ -> {
        // only a header
      }
    }
  }

  /**
   * Reads the chain of a reply, as {@link RegionCapabilityReader#read}.
   *
   * @throws ProtocolException if it is malformed
   */
  public static List<RegionCapability> decode(MemorySegment answer, int first, long regionSize)
      throws ProtocolException {
    try {
      return RegionCapabilityReader.read(answer, first, regionSize);
    } catch (MalformedCapabilityException e) {
      throw new ProtocolException(String.valueOf(e.getMessage()));
    }
  }
}
