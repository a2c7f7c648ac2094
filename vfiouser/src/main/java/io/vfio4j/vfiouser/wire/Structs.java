// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.wire;

import static io.vfio4j.vfiouser.wire.MessageField.ARGSZ;
import static io.vfio4j.vfiouser.wire.MessageField.flags;
import static io.vfio4j.vfiouser.wire.MessageField.hex;
import static io.vfio4j.vfiouser.wire.MessageField.u32;
import static io.vfio4j.vfiouser.wire.MessageField.u64;

/**
 * Offsets and sizes of the bodies of messages, all packed. The names are those of {@code uapi/linux/vfio.h}
 * and of the vfio-user specification. The body of a command has a {@code LAYOUT}, its fields as recordings
 * and the log show them.
 */
public final class Structs {

  /** {@code struct vfio_user_dma_map { u32 argsz, flags; u64 offset, address, size; }}. */
  public static final class DmaMap {
    public static final int FLAGS = 4;
    public static final int OFFSET = 8;
    public static final int IOVA = 16;
    public static final int LENGTH = 24;
    public static final int SIZE = 32;
    public static final int READ = 1;
    public static final int WRITE = 2;
    public static final int MMAP = 4;
    public static final int FILE_IO = 8;
    /**
     * A vfio4j extension, if {@link Extension#MEMORY_KINDS} is granted: the memory is a region of another
     * device.
     */
    public static final int PEER = 0x100;
    static final MessageLayout LAYOUT = MessageLayout.of(ARGSZ,
        flags("flags", FLAGS, "read", "write", "mmap", "file_io", "", "", "", "", "peer").logged(),
        hex("offset", OFFSET).logged(), hex("address", IOVA).logged(), hex("size", LENGTH).logged());

    private DmaMap() {
    }
  }

  /** {@code struct vfio_user_dma_unmap { u32 argsz, flags; u64 address, size; }}. */
  public static final class DmaUnmap {
    public static final int FLAGS = 4;
    public static final int IOVA = 8;
    public static final int LENGTH = 16;
    public static final int SIZE = 24;
    public static final int GET_DIRTY_BITMAP = 1;
    public static final int ALL = 2;
    /**
     * With {@link #GET_DIRTY_BITMAP} follow {@code struct vfio_bitmap { u64 pgsize, size; }} and the bitmap.
     */
    public static final int PAGE_SIZE = 24;
    public static final int BITMAP_LENGTH = 32;
    public static final int SIZE_WITH_BITMAP = 40;
    static final MessageLayout LAYOUT =
        MessageLayout.of(ARGSZ, flags("flags", FLAGS, "get_dirty_bitmap", "all").logged(),
            hex("address", IOVA).logged(), hex("size", LENGTH).logged(), u64("pgsize", PAGE_SIZE),
            u64("bitmap_size", BITMAP_LENGTH));

    private DmaUnmap() {
    }
  }

  /** {@code struct vfio_device_info { u32 argsz, flags, num_regions, num_irqs; }}. */
  public static final class DeviceInfo {
    public static final int FLAGS = 4;
    public static final int NUM_REGIONS = 8;
    public static final int NUM_IRQS = 12;
    public static final int SIZE = 16;
    public static final int RESET = 1;
    public static final int PCI = 2;
    static final MessageLayout LAYOUT = MessageLayout.of(ARGSZ, flags("flags", FLAGS, "reset", "pci"),
        u32("num_regions", NUM_REGIONS), u32("num_irqs", NUM_IRQS));

    private DeviceInfo() {
    }
  }

  /** {@code struct vfio_region_info { u32 argsz, flags, index, cap_offset; u64 size, offset; }}. */
  public static final class RegionInfo {
    public static final int FLAGS = 4;
    public static final int INDEX = 8;
    public static final int CAP_OFFSET = 12;
    public static final int LENGTH = 16;
    public static final int OFFSET = 24;
    public static final int SIZE = 32;
    public static final int READ = 1;
    public static final int WRITE = 2;
    public static final int MMAP = 4;
    public static final int CAPS = 8;
    /** Index of the PCI config space ({@code VFIO_PCI_CONFIG_REGION_INDEX}). */
    public static final int CONFIG_INDEX = 7;
    /** Regions with a fixed index ({@code VFIO_PCI_NUM_REGIONS}); those of the device's own follow. */
    public static final int NUM_PCI_REGIONS = 9;
    static final MessageLayout LAYOUT =
        MessageLayout.of(ARGSZ, flags("flags", FLAGS, "read", "write", "mmap", "caps"),
            u32("index", INDEX).logged(), u32("cap_offset", CAP_OFFSET), hex("size", LENGTH),
            hex("offset", OFFSET));

    private RegionInfo() {
    }
  }

  /** {@code struct vfio_info_cap_header { u16 id, version; u32 next; }}. */
  static final class CapabilityHeader {
    static final int VERSION = 2;
    static final int NEXT = 4;
    static final int SIZE = 8;

    private CapabilityHeader() {
    }
  }

  /**
   * What follows the header in {@code struct vfio_region_info_cap_sparse_mmap { header; u32 nr_areas,
   * reserved; struct { u64 offset, size; } areas[]; }}.
   */
  static final class SparseMmapData {
    static final int SIZE = 8;
    static final int AREA_SIZE = 16;

    private SparseMmapData() {
    }
  }

  /** What follows the header in {@code struct vfio_region_info_cap_type { header; u32 type, subtype; }}. */
  static final class TypeData {
    static final int SUBTYPE = 4;
    static final int SIZE = 8;

    private TypeData() {
    }
  }

  /**
   * {@code struct vfio_user_region_io_fds_reply { u32 argsz, flags, index, count; sub_regions[]; }}, the
   * request too.
   */
  public static final class IoFds {
    public static final int FLAGS = 4;
    public static final int INDEX = 8;
    public static final int COUNT = 12;
    public static final int SIZE = 16;
    /** Most doorbells in one reply. */
    public static final int MAX_DOORBELLS = 128;
    static final MessageLayout LAYOUT =
        MessageLayout.of(ARGSZ, flags("flags", FLAGS), u32("index", INDEX).logged(),
            u32("count", COUNT));

    private IoFds() {
    }
  }

  /**
   * {@code struct vfio_user_sub_region_ioeventfd { u64 gpa_offset, size; u32 fd_index, type, flags,
   * shadow_mem_fd_index; u64 shadow_offset, datamatch; }},
   * as the reference library sends it. The specification's text has it without {@code shadow_offset}, with
   * other names for the rest.
   */
  public static final class IoEventFd {
    public static final int OFFSET = 0;
    public static final int LENGTH = 8;
    public static final int FD_INDEX = 16;
    public static final int TYPE = 20;
    public static final int FLAGS = 24;
    public static final int SHADOW_FD_INDEX = 28;
    public static final int SHADOW_OFFSET = 32;
    public static final int MATCH = 40;
    public static final int SIZE = 48;
    public static final int SIZE_WITHOUT_SHADOW = 40;
    public static final int TYPE_IOEVENTFD = 0;
    /** {@code KVM_IOEVENTFD_FLAG_DATAMATCH} (uapi/linux/kvm.h). */
    public static final int DATAMATCH = 1;

    private IoEventFd() {
    }
  }

  /** {@code struct vfio_irq_info { u32 argsz, flags, index, count; }}. */
  public static final class IrqInfo {
    public static final int FLAGS = 4;
    public static final int INDEX = 8;
    public static final int COUNT = 12;
    public static final int SIZE = 16;
    static final MessageLayout LAYOUT = MessageLayout.of(ARGSZ,
        flags("flags", FLAGS, "eventfd", "maskable", "automasked", "noresize"), u32("index", INDEX).logged(),
        u32("count", COUNT));

    private IrqInfo() {
    }
  }

  /** {@code struct vfio_irq_set { u32 argsz, flags, index, start, count; u8 data[]; }}. */
  public static final class IrqSet {
    public static final int FLAGS = 4;
    public static final int INDEX = 8;
    public static final int START = 12;
    public static final int COUNT = 16;
    public static final int SIZE = 20;
    public static final int DATA_NONE = 1;
    public static final int DATA_BOOL = 1 << 1;
    public static final int DATA_EVENTFD = 1 << 2;
    public static final int ACTION_MASK = 1 << 3;
    public static final int ACTION_UNMASK = 1 << 4;
    public static final int ACTION_TRIGGER = 1 << 5;
    public static final int DATA_BITS = DATA_NONE | DATA_BOOL | DATA_EVENTFD;
    public static final int ACTION_BITS = ACTION_MASK | ACTION_UNMASK | ACTION_TRIGGER;
    static final MessageLayout LAYOUT = MessageLayout.of(ARGSZ,
        flags("flags", FLAGS, "data_none", "data_bool", "data_eventfd", "mask", "unmask", "trigger").logged(),
        u32("index", INDEX).logged(), u32("start", START).logged(), u32("count", COUNT).logged());

    private IrqSet() {
    }
  }

  /** {@code struct vfio_user_region_access { u64 offset; u32 region, count; u8 data[]; }}. */
  public static final class RegionAccess {
    public static final int OFFSET = 0;
    public static final int REGION = 8;
    public static final int COUNT = 12;
    public static final int SIZE = 16;
    static final MessageLayout LAYOUT =
        MessageLayout.of(hex("offset", OFFSET).logged(), u32("region", REGION).logged(),
            u32("count", COUNT).logged());

    private RegionAccess() {
    }
  }

  /**
   * {@code struct vfio_user_region_write_multi { u64 wr_cnt; struct { u64 offset; u32 region, count; u64
   * data; } wrs[]; }}. A write begins like {@link RegionAccess}.
   */
  public static final class WriteMulti {
    public static final int WRITES = 8;
    public static final int DATA = RegionAccess.SIZE;
    public static final int DATA_SIZE = 8;
    public static final int WRITE_SIZE = DATA + DATA_SIZE;
    static final MessageLayout LAYOUT = MessageLayout.of(u64("count", 0).logged());

    private WriteMulti() {
    }
  }

  /** {@code struct vfio_user_dma_region_access { u64 addr, count; u8 data[]; }}. */
  public static final class DmaAccess {
    public static final int IOVA = 0;
    public static final int COUNT = 8;
    public static final int SIZE = 16;
    static final MessageLayout LAYOUT =
        MessageLayout.of(hex("address", IOVA).logged(), u64("count", COUNT).logged());

    private DmaAccess() {
    }
  }

  /** {@code struct vfio_device_feature { u32 argsz, flags; u8 data[]; }}. */
  public static final class Feature {
    public static final int FLAGS = 4;
    public static final int SIZE = 8;
    public static final int INDEX_MASK = 0xffff;
    public static final int GET = 1 << 16;
    public static final int SET = 1 << 17;
    public static final int PROBE = 1 << 18;

    public static final int MIGRATION = 1;
    public static final int MIG_DEVICE_STATE = 2;
    public static final int DMA_LOGGING_START = 6;
    public static final int DMA_LOGGING_STOP = 7;
    public static final int DMA_LOGGING_REPORT = 8;
    public static final int MIG_DATA_SIZE = 9;
    /**
     * A vfio4j extension, offered to any client: {@code u64 initial_bytes, dirty_bytes; u32 flags, reserved}.
     */
    public static final int PRE_COPY_INFO = 0xff00;
    /** A vfio4j extension, offered to any client: see {@link StateLayoutData}. */
    public static final int STATE_LAYOUT = 0xff01;
    static final MessageLayout LAYOUT = DeviceFeature::fields;

    private Feature() {
    }
  }

  /** {@code struct vfio_device_feature_dma_logging_control}, with the ranges inline. */
  public static final class DmaLoggingControl {
    public static final int PAGE_SIZE = 0;
    public static final int NUM_RANGES = 8;
    public static final int SIZE = 16;
    public static final int RANGE_SIZE = 16;

    private DmaLoggingControl() {
    }
  }

  /** {@code struct vfio_device_feature_dma_logging_report}, with the bitmap inline. */
  public static final class DmaLoggingReport {
    public static final int IOVA = 0;
    public static final int LENGTH = 8;
    public static final int PAGE_SIZE = 16;
    public static final int SIZE = 24;

    private DmaLoggingReport() {
    }
  }

  /** The data of feature {@link Feature#PRE_COPY_INFO}. */
  public static final class PreCopyInfoData {
    public static final int INITIAL_BYTES = 0;
    public static final int DIRTY_BYTES = 8;
    public static final int FLAGS = 16;
    public static final int SIZE = 24;
    public static final int REINIT = 1;

    private PreCopyInfoData() {
    }
  }

  /**
   * {@code struct vfio_precopy_info { u32 argsz, flags; u64 initial_bytes, dirty_bytes; }}, of
   * MIG_GET_PRECOPY_INFO.
   */
  public static final class MigPrecopyInfo {
    public static final int FLAGS = 4;
    public static final int INITIAL_BYTES = 8;
    public static final int DIRTY_BYTES = 16;
    public static final int SIZE = 24;
    public static final int REINIT = 1;
    static final MessageLayout LAYOUT = MessageLayout.of(ARGSZ, flags("flags", FLAGS, "reinit"),
        u64("initial_bytes", INITIAL_BYTES), u64("dirty_bytes", DIRTY_BYTES));

    private MigPrecopyInfo() {
    }
  }

  /** {@code struct vfio_user_mig_data { u32 argsz, size; u8 data[]; }}. */
  public static final class MigData {
    public static final int LENGTH = 4;
    public static final int SIZE = 8;
    static final MessageLayout LAYOUT = MessageLayout.of(ARGSZ, u32("size", LENGTH).logged());

    private MigData() {
    }
  }

  /**
   * CONTROL_INFO of a control socket: {@code struct { u32 argsz, flags; u64 connected_since; u32 pid, uid,
   * mappings, irqs; u64 mapped_bytes, max_hold, token, mapped_regions, server; }}. The request has the first
   * two fields.
   */
  public static final class ControlInfo {
    public static final int FLAGS = 4;
    /** Unix time in milliseconds; 0 without a VMM. */
    public static final int CONNECTED_SINCE = 8;
    public static final int PID = 16;
    public static final int UID = 20;
    public static final int MAPPINGS = 24;
    /** Bit n: interrupt index n is enabled. */
    public static final int IRQS = 28;
    public static final int MAPPED_BYTES = 32;
    /** Nanoseconds. */
    public static final int MAX_HOLD = 40;
    public static final int TOKEN = 48;
    /** Bit n: the VMM has the memory of region n; bit 63 stands for all regions from 63 on. */
    public static final int MAPPED_REGIONS = 56;
    /** A random number that each run of a server has. */
    public static final int SERVER = 64;
    public static final int SIZE = 72;
    public static final int REQUEST_SIZE = 8;
    /** A VMM is connected, or its connection is staged. */
    public static final int CONNECTED = 1;
    /** The VMM's connection was imported, and the device has not been in RUNNING since. */
    public static final int STAGED = 2;
    /** Messages of the VMM wait. */
    public static final int HELD = 4;
    /** The device does not resume by itself. */
    public static final int SURRENDERED = 8;
    static final MessageLayout LAYOUT = MessageLayout.of(ARGSZ,
        flags("flags", FLAGS, "connected", "staged", "held", "surrendered"),
        u64("connected_since", CONNECTED_SINCE), u32("pid", PID), u32("uid", UID),
        u32("mappings", MAPPINGS), hex("irqs", IRQS), u64("mapped_bytes", MAPPED_BYTES),
        u64("max_hold", MAX_HOLD), hex("token", TOKEN), hex("mapped_regions", MAPPED_REGIONS),
        hex("server", SERVER));

    private ControlInfo() {
    }
  }

  /**
   * A part of the VMM's connection, CONNECTION_EXPORT and CONNECTION_IMPORT: {@code struct { u32 argsz, flags,
   * part, size; u8 data[]; }}, with descriptors. The request of an export has no data.
   */
  public static final class ConnectionPart {
    public static final int FLAGS = 4;
    public static final int PART = 8;
    public static final int LENGTH = 12;
    public static final int SIZE = 16;
    /** No part follows. */
    public static final int LAST = 1;
    static final MessageLayout LAYOUT = MessageLayout.of(ARGSZ, flags("flags", FLAGS, "last"),
        u32("part", PART).logged(), u32("size", LENGTH).logged());

    private ConnectionPart() {
    }
  }

  /**
   * HANDOVER_INFO: {@code struct { u32 argsz, flags; u64 epoch, grace, token, connected_since; u32 pid, uid, mappings,
   * irqs; u64 mapped_bytes; }}. The request has the first two fields. From token on, the fields are the candidate's, and
   * 0 without one.
   */
  public static final class HandoverInfo {
    public static final int FLAGS = 4;
    /** The number of the connection that owns the device, or owned it last; each has a higher one. */
    public static final int EPOCH = 8;
    /** Nanoseconds. */
    public static final int GRACE = 16;
    public static final int TOKEN = 24;
    /** Unix time in milliseconds. */
    public static final int CONNECTED_SINCE = 32;
    public static final int PID = 40;
    public static final int UID = 44;
    public static final int MAPPINGS = 48;
    /** Bit n: interrupt index n is enabled. */
    public static final int IRQS = 52;
    public static final int MAPPED_BYTES = 56;
    public static final int SIZE = 64;
    public static final int REQUEST_SIZE = 8;
    /** A candidate is connected. */
    public static final int CANDIDATE = 1;
    /** The device has lost its owner, and waits for a candidate. */
    public static final int ORPHANED = 2;
    static final MessageLayout LAYOUT = MessageLayout.of(ARGSZ,
        flags("flags", FLAGS, "candidate", "orphaned"), u64("epoch", EPOCH), u64("grace", GRACE),
        hex("token", TOKEN), u64("connected_since", CONNECTED_SINCE), u32("pid", PID), u32("uid", UID),
        u32("mappings", MAPPINGS), hex("irqs", IRQS), u64("mapped_bytes", MAPPED_BYTES));

    private HandoverInfo() {
    }
  }

  /** HANDOVER: {@code struct { u32 argsz, flags; u64 token, epoch, took; }}. */
  public static final class Handover {
    public static final int FLAGS = 4;
    /** The candidate's; 0 for any. */
    public static final int TOKEN = 8;
    /** In the reply: the epoch in force. */
    public static final int EPOCH = 16;
    /** In the reply: nanoseconds in which the VMM's connections were exchanged. */
    public static final int TOOK = 24;
    public static final int SIZE = 32;
    public static final int REQUEST_SIZE = 16;
    /** Only the preflight. */
    public static final int DRY_RUN = 1;
    /** Disconnects the candidate. */
    public static final int ABORT = 2;
    static final MessageLayout LAYOUT = MessageLayout.of(ARGSZ,
        flags("flags", FLAGS, "dry-run", "abort").logged(), hex("token", TOKEN).logged(),
        u64("epoch", EPOCH), u64("took", TOOK));

    private Handover() {
    }
  }

  /** CONNECTION_SURRENDER and CONNECTION_RELEASE: {@code struct { u32 argsz, flags; u64 token; }}. */
  public static final class ConnectionToken {
    public static final int FLAGS = 4;
    public static final int TOKEN = 8;
    public static final int SIZE = 16;
    static final MessageLayout LAYOUT =
        MessageLayout.of(ARGSZ, flags("flags", FLAGS), hex("token", TOKEN).logged());

    private ConnectionToken() {
    }
  }

  /**
   * Memories of a device's state, STATE_MEMORY_EXPORT and STATE_MEMORY_IMPORT: {@code struct { u32 argsz, flags,
   * first, count; u64 sizes[count]; }}, with a descriptor for each. The request of an export has no sizes.
   */
  public static final class StateMemory {
    public static final int FLAGS = 4;
    /** The number of the first memory, from 0. */
    public static final int FIRST = 8;
    public static final int COUNT = 12;
    public static final int SIZE = 16;
    /** Reply of an export, request of an import: no memory follows. */
    public static final int LAST = 1;
    /** Request of an export: the next saving session omits the memories. */
    public static final int OMIT = 2;
    static final MessageLayout LAYOUT =
        MessageLayout.of(ARGSZ, flags("flags", FLAGS, "last", "omit").logged(),
            u32("first", FIRST).logged(), u32("count", COUNT).logged());

    private StateMemory() {
    }
  }

  private Structs() {
  }
}
