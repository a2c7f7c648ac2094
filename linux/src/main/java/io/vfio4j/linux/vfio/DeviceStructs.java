// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux.vfio;

import static io.vfio4j.linux.vfio.Struct.offset;
import static io.vfio4j.linux.vfio.Struct.u32;
import static io.vfio4j.linux.vfio.Struct.u64;

import java.lang.foreign.StructLayout;

/**
 * Structs of groups and devices, uapi/linux/vfio.h. A struct that later kernels extended has its original
 * length here.
 */
final class DeviceStructs {

  private DeviceStructs() {}

  /**
   * The status of a group.
   *
   * <pre>{@code
   * struct vfio_group_status {
   *   __u32 argsz;
   *   __u32 flags;
   * };
   * }</pre>
   */
  static final class GroupStatus {
    static final StructLayout LAYOUT = Struct.of("vfio_group_status", u32("argsz"), u32("flags"));
    static final long FLAGS = offset(LAYOUT, "flags");

    /**
     * {@code VFIO_GROUP_FLAGS_VIABLE}: each device of the group has a VFIO driver, or no driver that does
     * DMA.
     */
    static final int VIABLE = 1;

    private GroupStatus() {}
  }

  /**
   * The properties of a device.
   *
   * <pre>{@code
   * struct vfio_device_info {
   *   __u32 argsz;
   *   __u32 flags;
   *   __u32 num_regions;
   *   __u32 num_irqs;
   *   __u32 cap_offset;
   *   // later: __u32 pad;
   * };
   * }</pre>
   */
  static final class DeviceInfo {
    static final StructLayout LAYOUT = Struct.of("vfio_device_info", u32("argsz"), u32("flags"),
        u32("num_regions"), u32("num_irqs"), u32("cap_offset"));
    static final long FLAGS = offset(LAYOUT, "flags");
    static final long NUM_REGIONS = offset(LAYOUT, "num_regions");
    static final long NUM_IRQS = offset(LAYOUT, "num_irqs");

    /** {@code VFIO_DEVICE_FLAGS_RESET}. */
    static final int RESET = 1;

    private DeviceInfo() {}
  }

  /**
   * The properties of a region; capabilities may follow.
   *
   * <pre>{@code
   * struct vfio_region_info {
   *   __u32 argsz;
   *   __u32 flags;
   *   __u32 index;
   *   __u32 cap_offset;
   *   __u64 size;
   *   __u64 offset;
   * };
   * }</pre>
   */
  static final class Region {
    static final StructLayout LAYOUT = Struct.of("vfio_region_info", u32("argsz"), u32("flags"), u32("index"),
        u32("cap_offset"), u64("size"), u64("offset"));
    static final long FLAGS = offset(LAYOUT, "flags");
    static final long INDEX = offset(LAYOUT, "index");
    static final long CAP_OFFSET = offset(LAYOUT, "cap_offset");
    static final long SIZE = offset(LAYOUT, "size");
    static final long OFFSET = offset(LAYOUT, "offset");

    static final int READ = 1;
    static final int WRITE = 1 << 1;
    static final int MMAP = 1 << 2;
    static final int CAPS = 1 << 3;

    private Region() {}
  }

  /**
   * The properties of an interrupt index.
   *
   * <pre>{@code
   * struct vfio_irq_info {
   *   __u32 argsz;
   *   __u32 flags;
   *   __u32 index;
   *   __u32 count;
   * };
   * }</pre>
   */
  static final class Irq {
    static final StructLayout LAYOUT =
        Struct.of("vfio_irq_info", u32("argsz"), u32("flags"), u32("index"), u32("count"));
    static final long FLAGS = offset(LAYOUT, "flags");
    static final long INDEX = offset(LAYOUT, "index");
    static final long COUNT = offset(LAYOUT, "count");

    private Irq() {}
  }

  /**
   * A request for interrupts; a u8 or the s32 of an eventfd may follow for each.
   *
   * <pre>{@code
   * struct vfio_irq_set {
   *   __u32 argsz;
   *   __u32 flags;
   *   __u32 index;
   *   __u32 start;
   *   __u32 count;
   *   __u8  data[];
   * };
   * }</pre>
   */
  static final class IrqSet {
    static final StructLayout LAYOUT = Struct.of("vfio_irq_set", u32("argsz"), u32("flags"), u32("index"),
        u32("start"), u32("count"));
    static final long FLAGS = offset(LAYOUT, "flags");
    static final long INDEX = offset(LAYOUT, "index");
    static final long START = offset(LAYOUT, "start");
    static final long COUNT = offset(LAYOUT, "count");
    static final long DATA = LAYOUT.byteSize();

    static final int DATA_NONE = 1;
    static final int DATA_BOOL = 1 << 1;
    static final int DATA_EVENTFD = 1 << 2;

    private IrqSet() {}
  }

  /**
   * Binds a device opened through its own file to an iommufd.
   *
   * <pre>{@code
   * struct vfio_device_bind_iommufd {
   *   __u32 argsz;
   *   __u32 flags;
   *   __s32 iommufd;
   *   __u32 out_devid;
   *   // later: __aligned_u64 token_uuid_ptr;
   * };
   * }</pre>
   */
  static final class Bind {
    static final StructLayout LAYOUT = Struct.of("vfio_device_bind_iommufd", u32("argsz"), u32("flags"),
        u32("iommufd"), u32("out_devid"));
    static final long IOMMUFD = offset(LAYOUT, "iommufd");
    static final long OUT_DEVID = offset(LAYOUT, "out_devid");

    private Bind() {}
  }

  /**
   * Attaches such a device to an address space, or to a page table of one.
   *
   * <pre>{@code
   * struct vfio_device_attach_iommufd_pt {
   *   __u32 argsz;
   *   __u32 flags;
   *   __u32 pt_id;
   *   // later: __u32 pasid;
   * };
   * }</pre>
   */
  static final class Attach {
    static final StructLayout LAYOUT =
        Struct.of("vfio_device_attach_iommufd_pt", u32("argsz"), u32("flags"), u32("pt_id"));
    static final long PT_ID = offset(LAYOUT, "pt_id");

    private Attach() {}
  }
}
