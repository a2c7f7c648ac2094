// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux.vfio;

import static io.vfio4j.linux.vfio.Struct.offset;
import static io.vfio4j.linux.vfio.Struct.u16;
import static io.vfio4j.linux.vfio.Struct.u32;
import static io.vfio4j.linux.vfio.Struct.u64;

import java.lang.foreign.MemoryLayout;
import java.lang.foreign.StructLayout;

/** Structs of a container with a type 1 IOMMU, uapi/linux/vfio.h. */
final class Type1Structs {

  private Type1Structs() {}

  /**
   * The properties of the IOMMU; capabilities may follow.
   *
   * <pre>{@code
   * struct vfio_iommu_type1_info {
   *   __u32 argsz;
   *   __u32 flags;
   *   __u64 iova_pgsizes;
   *   __u32 cap_offset;
   *   // later: __u32 pad;
   * };
   * }</pre>
   */
  static final class IommuInfo {
    static final StructLayout LAYOUT = Struct.of("vfio_iommu_type1_info", u32("argsz"), u32("flags"),
        u64("iova_pgsizes"), u32("cap_offset"), MemoryLayout.paddingLayout(4));
    static final long FLAGS = offset(LAYOUT, "flags");
    static final long CAP_OFFSET = offset(LAYOUT, "cap_offset");

    static final int CAPS = 1 << 1;

    private IommuInfo() {}
  }

  /**
   * The header of a capability; {@code next} is an offset in the reply, 0 in the last.
   *
   * <pre>{@code
   * struct vfio_info_cap_header {
   *   __u16 id;
   *   __u16 version;
   *   __u32 next;
   * };
   * }</pre>
   */
  static final class CapHeader {
    static final StructLayout LAYOUT =
        Struct.of("vfio_info_cap_header", u16("id"), u16("version"), u32("next"));
    static final long ID = offset(LAYOUT, "id");
    static final long NEXT = offset(LAYOUT, "next");

    private CapHeader() {}
  }

  /**
   * The capability of a container that logs dirty pages.
   *
   * <pre>{@code
   * struct vfio_iommu_type1_info_cap_migration {
   *   struct vfio_info_cap_header header;
   *   __u32 flags;
   *   __u64 pgsize_bitmap;
   *   __u64 max_dirty_bitmap_size;
   * };
   * }</pre>
   */
  static final class CapMigration {
    static final StructLayout LAYOUT = Struct.of("vfio_iommu_type1_info_cap_migration",
        CapHeader.LAYOUT.withName("header"), u32("flags"), MemoryLayout.paddingLayout(4),
        u64("pgsize_bitmap"), u64("max_dirty_bitmap_size"));
    static final long PGSIZE_BITMAP = offset(LAYOUT, "pgsize_bitmap");
    static final long MAX_DIRTY_BITMAP_SIZE = offset(LAYOUT, "max_dirty_bitmap_size");

    static final int ID = 2;

    private CapMigration() {}
  }

  /**
   * Maps memory of this process for the devices of a container.
   *
   * <pre>{@code
   * struct vfio_iommu_type1_dma_map {
   *   __u32 argsz;
   *   __u32 flags;
   *   __u64 vaddr;
   *   __u64 iova;
   *   __u64 size;
   * };
   * }</pre>
   */
  static final class DmaMap {
    static final StructLayout LAYOUT = Struct.of("vfio_iommu_type1_dma_map", u32("argsz"), u32("flags"),
        u64("vaddr"), u64("iova"), u64("size"));
    static final long FLAGS = offset(LAYOUT, "flags");
    static final long VADDR = offset(LAYOUT, "vaddr");
    static final long IOVA = offset(LAYOUT, "iova");
    static final long SIZE = offset(LAYOUT, "size");

    static final int READ = 1;
    static final int WRITE = 1 << 1;

    private DmaMap() {}
  }

  /**
   * Unmaps memory; the reply has the number of bytes unmapped.
   *
   * <pre>{@code
   * struct vfio_iommu_type1_dma_unmap {
   *   __u32 argsz;
   *   __u32 flags;
   *   __u64 iova;
   *   __u64 size;
   *   __u8  data[];
   * };
   * }</pre>
   */
  static final class DmaUnmap {
    static final StructLayout LAYOUT =
        Struct.of("vfio_iommu_type1_dma_unmap", u32("argsz"), u32("flags"), u64("iova"), u64("size"));
    static final long IOVA = offset(LAYOUT, "iova");
    static final long SIZE = offset(LAYOUT, "size");

    private DmaUnmap() {}
  }

  /**
   * Starts, stops or reads the log of dirty pages; to read, a {@link DirtyBitmapGet} follows.
   *
   * <pre>{@code
   * struct vfio_iommu_type1_dirty_bitmap {
   *   __u32 argsz;
   *   __u32 flags;
   *   __u8  data[];
   * };
   * }</pre>
   */
  static final class DirtyBitmap {
    static final StructLayout LAYOUT =
        Struct.of("vfio_iommu_type1_dirty_bitmap", u32("argsz"), u32("flags"));
    static final long FLAGS = offset(LAYOUT, "flags");
    static final long DATA = LAYOUT.byteSize();

    static final int START = 1;
    static final int STOP = 1 << 1;
    static final int GET_BITMAP = 1 << 2;

    private DirtyBitmap() {}
  }

  /**
   * A bitmap, a bit for each page; {@code data} is the address of u64s.
   *
   * <pre>{@code
   * struct vfio_bitmap {
   *   __u64  pgsize;
   *   __u64  size;
   *   __u64 *data;
   * };
   * }</pre>
   */
  static final class Bitmap {
    static final StructLayout LAYOUT = Struct.of("vfio_bitmap", u64("pgsize"), u64("size"), u64("data"));
    static final long PGSIZE = offset(LAYOUT, "pgsize");
    static final long SIZE = offset(LAYOUT, "size");
    static final long DATA = offset(LAYOUT, "data");

    private Bitmap() {}
  }

  /**
   * The range of a report of dirty pages.
   *
   * <pre>{@code
   * struct vfio_iommu_type1_dirty_bitmap_get {
   *   __u64 iova;
   *   __u64 size;
   *   struct vfio_bitmap bitmap;
   * };
   * }</pre>
   */
  static final class DirtyBitmapGet {
    static final StructLayout LAYOUT = Struct.of("vfio_iommu_type1_dirty_bitmap_get", u64("iova"),
        u64("size"), Bitmap.LAYOUT.withName("bitmap"));
    static final long IOVA = offset(LAYOUT, "iova");
    static final long SIZE = offset(LAYOUT, "size");
    static final long BITMAP = offset(LAYOUT, "bitmap");

    private DirtyBitmapGet() {}
  }
}
