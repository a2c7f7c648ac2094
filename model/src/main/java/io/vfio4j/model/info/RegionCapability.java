// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.info;

import io.vfio4j.model.region.MigrationRegionLayout;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * Something that the answer to DEVICE_GET_REGION_INFO says of a region beyond its size and flags: a member of
 * the chain that begins with {@code struct vfio_info_cap_header} (uapi/linux/vfio.h).
 */
public sealed interface RegionCapability {

  /** Returns the number of the capability's kind, {@code VFIO_REGION_INFO_CAP_*}. */
  int id();

  /** Returns the version of what the kind says; 1 for all that are known here. */
  default int version() {
    return 1;
  }

  /**
   * {@code VFIO_REGION_INFO_CAP_SPARSE_MMAP}: which parts of a mappable region can be mapped.
   *
   * @param areas the parts; none of the region is mappable where there are none
   */
  record SparseMmap(List<Area> areas) implements RegionCapability {

    /** {@code VFIO_REGION_INFO_CAP_SPARSE_MMAP}. */
    public static final int ID = 1;
    /** Areas begin and end at pages, the smallest that there are. */
    private static final long PAGE_SIZE = 4096;

    /** Copies the list. */
    public SparseMmap {
      areas = List.copyOf(areas);
    }

    /** Says that all of a region can be mapped. */
    public static SparseMmap whole(long size) {
      return new SparseMmap(List.of(new Area(0, size)));
    }

    /**
     * Tells what keeps the areas from being mapped, each on its own: one that does not lie within the region, does not
     * begin and end at a page, or lies upon another. Only the region itself may end within a page.
     *
     * @param regionSize bytes of the region
     */
    public Optional<String> validationError(long regionSize) {
      List<Area> inOrder = areas.stream().sorted(Comparator.comparingLong(Area::offset)).toList();
      long free = 0;
      for (Area area : inOrder) {
        long end = area.offset() + area.size();
        if (end > regionSize) {
          return Optional.of(area + " beyond the end of a region of " + regionSize + " bytes");
        }
        if (area.offset() % PAGE_SIZE != 0 || (end % PAGE_SIZE != 0 && end != regionSize)) {
          return Optional.of(area + " that is not of whole pages");
        }
        if (area.offset() < free) {
          return Optional.of(area + " that lies upon another");
        }
        free = end;
      }
      return Optional.empty();
    }

    @Override
    public int id() {
      return ID;
    }

    /**
     * A part of a region.
     *
     * @param offset where in the region it begins, bytes
     * @param size bytes, at least 1
     */
    public record Area(long offset, long size) {

      /** Checks the numbers. */
      public Area {
        if (offset < 0 || size <= 0 || offset > Long.MAX_VALUE - size) {
          throw new IllegalArgumentException("an area of %d bytes at %d".formatted(size, offset));
        }
      }

      /** Returns the numbers, as in {@code an area of 4096 bytes at 8192}. */
      @Override
      public String toString() {
        return "an area of %d bytes at %d".formatted(size, offset);
      }
    }
  }

  /**
   * {@code VFIO_REGION_INFO_CAP_TYPE}: what a region beyond those of PCI is for.
   *
   * @param type {@code VFIO_REGION_TYPE_*}, any 32 bits
   * @param subtype {@code VFIO_REGION_SUBTYPE_*}, any 32 bits
   */
  record RegionType(int type, int subtype) implements RegionCapability {

    /** The migration region of version 1. */
    public static final RegionType MIGRATION =
        new RegionType(MigrationRegionLayout.TYPE, MigrationRegionLayout.SUBTYPE);

    /** {@code VFIO_REGION_INFO_CAP_TYPE}. */
    public static final int ID = MigrationRegionLayout.CAPABILITY_TYPE;

    @Override
    public int id() {
      return ID;
    }
  }

  /** The device behind a migration region of version 1 has NDMA. */
  record Ndma() implements RegionCapability {

    /** The number that was proposed for it. */
    public static final int ID = MigrationRegionLayout.CAPABILITY_NDMA;

    @Override
    public int id() {
      return ID;
    }
  }

  /**
   * A capability that this program has no use for, or that came in an unknown version. Its length is not known, so
   * only its header is.
   *
   * @param id 16 bits
   * @param version 16 bits
   */
  record UnknownCapability(int id, int version) implements RegionCapability {
  }
}
