// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux.vfio;

import static io.vfio4j.linux.vfio.Struct.offset;
import static io.vfio4j.linux.vfio.Struct.u32;
import static io.vfio4j.linux.vfio.Struct.u64;
import static io.vfio4j.linux.vfio.Struct.u8;

import java.lang.foreign.MemoryLayout;
import java.lang.foreign.StructLayout;

/** Structs of iommufd, uapi/linux/iommufd.h. */
final class IommufdStructs {

  private IommufdStructs() {}

  /**
   * Allocates an address space.
   *
   * <pre>{@code
   * struct iommu_ioas_alloc {
   *   __u32 size;
   *   __u32 flags;
   *   __u32 out_ioas_id;
   * };
   * }</pre>
   */
  static final class IoasAlloc {
    static final StructLayout LAYOUT =
        Struct.of("iommu_ioas_alloc", u32("size"), u32("flags"), u32("out_ioas_id"));
    static final long OUT_IOAS_ID = offset(LAYOUT, "out_ioas_id");

    private IoasAlloc() {}
  }

  /**
   * Maps memory of this process in an address space.
   *
   * <pre>{@code
   * struct iommu_ioas_map {
   *   __u32 size;
   *   __u32 flags;
   *   __u32 ioas_id;
   *   __u32 __reserved;
   *   __aligned_u64 user_va;
   *   __aligned_u64 length;
   *   __aligned_u64 iova;
   * };
   * }</pre>
   */
  static final class IoasMap {
    static final StructLayout LAYOUT = Struct.of("iommu_ioas_map", u32("size"), u32("flags"), u32("ioas_id"),
        u32("__reserved"), u64("user_va"), u64("length"), u64("iova"));
    static final long FLAGS = offset(LAYOUT, "flags");
    static final long IOAS_ID = offset(LAYOUT, "ioas_id");
    static final long USER_VA = offset(LAYOUT, "user_va");
    static final long LENGTH = offset(LAYOUT, "length");
    static final long IOVA = offset(LAYOUT, "iova");

    static final int FIXED_IOVA = 1;
    static final int WRITEABLE = 1 << 1;
    static final int READABLE = 1 << 2;

    private IoasMap() {}
  }

  /**
   * Unmaps memory.
   *
   * <pre>{@code
   * struct iommu_ioas_unmap {
   *   __u32 size;
   *   __u32 ioas_id;
   *   __aligned_u64 iova;
   *   __aligned_u64 length;
   * };
   * }</pre>
   */
  static final class IoasUnmap {
    static final StructLayout LAYOUT =
        Struct.of("iommu_ioas_unmap", u32("size"), u32("ioas_id"), u64("iova"), u64("length"));
    static final long IOAS_ID = offset(LAYOUT, "ioas_id");
    static final long IOVA = offset(LAYOUT, "iova");
    static final long LENGTH = offset(LAYOUT, "length");

    private IoasUnmap() {}
  }

  /**
   * Queries the IOMMU of a device.
   *
   * <pre>{@code
   * struct iommu_hw_info {
   *   __u32 size;
   *   __u32 flags;
   *   __u32 dev_id;
   *   __u32 data_len;
   *   __aligned_u64 data_uptr;
   *   __u32 out_data_type;
   *   __u8  out_max_pasid_log2;   // the four bytes were __reserved at first
   *   __u8  __reserved[3];
   *   __aligned_u64 out_capabilities;
   * };
   * }</pre>
   */
  static final class HwInfo {
    static final StructLayout LAYOUT = Struct.of("iommu_hw_info", u32("size"), u32("flags"), u32("dev_id"),
        u32("data_len"), u64("data_uptr"), u32("out_data_type"), u8("out_max_pasid_log2"),
        MemoryLayout.paddingLayout(3), u64("out_capabilities"));
    static final long DEV_ID = offset(LAYOUT, "dev_id");
    static final long OUT_CAPABILITIES = offset(LAYOUT, "out_capabilities");

    static final long CAP_DIRTY_TRACKING = 1;

    private HwInfo() {}
  }

  /**
   * Allocates a page table of an address space for a device.
   *
   * <pre>{@code
   * struct iommu_hwpt_alloc {
   *   __u32 size;
   *   __u32 flags;
   *   __u32 dev_id;
   *   __u32 pt_id;
   *   __u32 out_hwpt_id;
   *   __u32 __reserved;
   *   __u32 data_type;
   *   __u32 data_len;
   *   __aligned_u64 data_uptr;
   *   // later: __u32 fault_id; __u32 __reserved2;
   * };
   * }</pre>
   */
  static final class HwptAlloc {
    static final StructLayout LAYOUT = Struct.of("iommu_hwpt_alloc", u32("size"), u32("flags"), u32("dev_id"),
        u32("pt_id"), u32("out_hwpt_id"), u32("__reserved"), u32("data_type"), u32("data_len"),
        u64("data_uptr"));
    static final long FLAGS = offset(LAYOUT, "flags");
    static final long DEV_ID = offset(LAYOUT, "dev_id");
    static final long PT_ID = offset(LAYOUT, "pt_id");
    static final long OUT_HWPT_ID = offset(LAYOUT, "out_hwpt_id");

    static final int DIRTY_TRACKING = 1 << 1;

    private HwptAlloc() {}
  }

  /**
   * Starts or stops the tracking of dirty pages in a page table.
   *
   * <pre>{@code
   * struct iommu_hwpt_set_dirty_tracking {
   *   __u32 size;
   *   __u32 flags;
   *   __u32 hwpt_id;
   *   __u32 __reserved;
   * };
   * }</pre>
   */
  static final class SetDirtyTracking {
    static final StructLayout LAYOUT = Struct.of("iommu_hwpt_set_dirty_tracking", u32("size"), u32("flags"),
        u32("hwpt_id"), u32("__reserved"));
    static final long FLAGS = offset(LAYOUT, "flags");
    static final long HWPT_ID = offset(LAYOUT, "hwpt_id");

    static final int ENABLE = 1;

    private SetDirtyTracking() {}
  }

  /**
   * Reads and clears the dirty bits of a page table; {@code data} is the address of u64s.
   *
   * <pre>{@code
   * struct iommu_hwpt_get_dirty_bitmap {
   *   __u32 size;
   *   __u32 hwpt_id;
   *   __u32 flags;
   *   __u32 __reserved;
   *   __aligned_u64 iova;
   *   __aligned_u64 length;
   *   __aligned_u64 page_size;
   *   __aligned_u64 data;
   * };
   * }</pre>
   */
  static final class GetDirtyBitmap {
    static final StructLayout LAYOUT = Struct.of("iommu_hwpt_get_dirty_bitmap", u32("size"), u32("hwpt_id"),
        u32("flags"), u32("__reserved"), u64("iova"), u64("length"), u64("page_size"), u64("data"));
    static final long HWPT_ID = offset(LAYOUT, "hwpt_id");
    static final long IOVA = offset(LAYOUT, "iova");
    static final long LENGTH = offset(LAYOUT, "length");
    static final long PAGE_SIZE = offset(LAYOUT, "page_size");
    static final long DATA = offset(LAYOUT, "data");

    private GetDirtyBitmap() {}
  }
}
