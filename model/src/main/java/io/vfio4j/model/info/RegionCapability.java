// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.info;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * A capability of a region, in the reply to DEVICE_GET_REGION_INFO: a member of the chain that begins with
 * {@code struct vfio_info_cap_header} (uapi/linux/vfio.h).
 */
public sealed interface RegionCapability {

  /** Returns the ID of the capability, {@code VFIO_REGION_INFO_CAP_*}. */
  int id();

  /** Returns the version of the capability; 1 for all known capabilities. */
  default int version() {
    return 1;
  }

  /**
   * {@code VFIO_REGION_INFO_CAP_SPARSE_MMAP}: the areas of a region that can be mapped.
   *
   * @param areas the areas; if there are none, nothing of the region can be mapped
   */
  record SparseMmap(List<Area> areas) implements RegionCapability {

    /** {@code VFIO_REGION_INFO_CAP_SPARSE_MMAP}. */
    public static final int ID = 1;
    /** Areas begin and end at page boundaries, for the smallest page size. */
    private static final long PAGE_SIZE = 4096;

    public SparseMmap {
      areas = List.copyOf(areas);
    }

    /** Returns a capability by which the whole region can be mapped. */
    public static SparseMmap whole(long size) {
      return new SparseMmap(List.of(new Area(0, size)));
    }

    /**
     * Returns an error if an area exceeds the region, does not begin and end at a page boundary, or overlaps
     * another. Only an area at the end of the region may end within a page.
     *
     * @param regionSize the size of the region, in bytes
     * @return a description of the first error; empty if there is none
     */
    public Optional<String> validationError(long regionSize) {
      List<Area> sorted = areas.stream().sorted(Comparator.comparingLong(Area::offset)).toList();
      long previousEnd = 0;
      for (Area area : sorted) {
        long end = area.offset() + area.size();
        if (end > regionSize) {
          return Optional.of(area + " beyond the end of a region of " + regionSize + " bytes");
        }
        if (area.offset() % PAGE_SIZE != 0 || (end % PAGE_SIZE != 0 && end != regionSize)) {
          return Optional.of(area + " that does not consist of whole pages");
        }
        if (area.offset() < previousEnd) {
          return Optional.of(area + " that overlaps another");
        }
        previousEnd = end;
      }
      return Optional.empty();
    }

    @Override
    public int id() {
      return ID;
    }

    /**
     * An area of a region.
     *
     * @param offset offset in the region, in bytes
     * @param size size in bytes, at least 1
     */
    public record Area(long offset, long size) {

      /**
       * @throws IllegalArgumentException if the offset is negative, the size is not positive, or their sum
       *     overflows
       */
      public Area {
        if (offset < 0 || size <= 0 || offset > Long.MAX_VALUE - size) {
          throw new IllegalArgumentException("not a valid area: %d bytes at %d".formatted(size, offset));
        }
      }

      /** Returns size and offset, as in {@code an area of 4096 bytes at 8192}. */
      @Override
      public String toString() {
        return "an area of %d bytes at %d".formatted(size, offset);
      }
    }
  }

  /**
   * {@code VFIO_REGION_INFO_CAP_TYPE}: the type of a device-specific region.
   *
   * @param type {@code VFIO_REGION_TYPE_*}, any 32 bits
   * @param subtype {@code VFIO_REGION_SUBTYPE_*}, any 32 bits
   */
  record RegionType(int type, int subtype) implements RegionCapability {

    /** The migration region of version 1: type 3, subtype 1. */
    public static final RegionType MIGRATION =
        new RegionType(3, 1);

    /** {@code VFIO_REGION_INFO_CAP_TYPE}. */
    public static final int ID = 2;

    @Override
    public int id() {
      return ID;
    }
  }

  /** The device of a migration region of version 1 has NDMA. */
  record Ndma() implements RegionCapability {

    /** The ID proposed for it on the kvm mailing list. */
    public static final int ID = 6;

    @Override
    public int id() {
      return ID;
    }
  }

  /**
   * A capability that is not known, in this version or at all. Since its length is not known, it has only a
   * header.
   *
   * @param id 16 bits
   * @param version 16 bits
   */
  record UnknownCapability(int id, int version) implements RegionCapability {
  }
}
