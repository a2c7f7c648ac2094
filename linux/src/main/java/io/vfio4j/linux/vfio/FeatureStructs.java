// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux.vfio;

import static io.vfio4j.linux.vfio.Struct.offset;
import static io.vfio4j.linux.vfio.Struct.u32;
import static io.vfio4j.linux.vfio.Struct.u64;

import java.lang.foreign.StructLayout;

/** Structs of VFIO_DEVICE_FEATURE and of data sessions, uapi/linux/vfio.h. */
final class FeatureStructs {

  private FeatureStructs() {}

  /**
   * The header of a request: the feature and the operation; the data of the feature follows.
   *
   * <pre>{@code
   * struct vfio_device_feature {
   *   __u32 argsz;
   *   __u32 flags;
   *   __u8  data[];
   * };
   * }</pre>
   */
  static final class Feature {
    static final StructLayout LAYOUT = Struct.of("vfio_device_feature", u32("argsz"), u32("flags"));
    static final long FLAGS = offset(LAYOUT, "flags");
    static final long DATA = LAYOUT.byteSize();

    static final int GET = 1 << 16;
    static final int SET = 1 << 17;
    static final int PROBE = 1 << 18;

    static final int MIGRATION = 1;
    static final int MIG_DEVICE_STATE = 2;
    static final int DMA_LOGGING_START = 6;
    static final int DMA_LOGGING_STOP = 7;
    static final int DMA_LOGGING_REPORT = 8;
    static final int MIG_DATA_SIZE = 9;
    /** Set without data; enables the flags of {@link PreCopy}. */
    static final int MIG_PRECOPY_INFO_V2 = 12;

    private Feature() {}
  }

  /**
   * The migration features of a device.
   *
   * <pre>{@code
   * struct vfio_device_feature_migration {
   *   __aligned_u64 flags;
   * };
   * }</pre>
   */
  static final class Migration {
    static final StructLayout LAYOUT = Struct.of("vfio_device_feature_migration", u64("flags"));

    private Migration() {}
  }

  /**
   * The current or requested state of the device. The reply to a request has the requested state, reached or
   * not, and the descriptor of the session that began, or -1.
   *
   * <pre>{@code
   * struct vfio_device_feature_mig_state {
   *   __u32 device_state;
   *   __s32 data_fd;
   * };
   * }</pre>
   */
  static final class MigState {
    static final StructLayout LAYOUT =
        Struct.of("vfio_device_feature_mig_state", u32("device_state"), u32("data_fd"));
    static final long DEVICE_STATE = offset(LAYOUT, "device_state");
    static final long DATA_FD = offset(LAYOUT, "data_fd");

    private MigState() {}
  }

  /**
   * The estimate of the stop-copy data, in bytes.
   *
   * <pre>{@code
   * struct vfio_device_feature_mig_data_size {
   *   __aligned_u64 stop_copy_length;
   * };
   * }</pre>
   */
  static final class DataSize {
    static final StructLayout LAYOUT =
        Struct.of("vfio_device_feature_mig_data_size", u64("stop_copy_length"));

    private DataSize() {}
  }

  /**
   * The data to be read from a saving session before the device is stopped.
   *
   * <pre>{@code
   * struct vfio_precopy_info {
   *   __u32 argsz;
   *   __u32 flags;
   *   __aligned_u64 initial_bytes;
   *   __aligned_u64 dirty_bytes;
   * };
   * }</pre>
   */
  static final class PreCopy {
    static final StructLayout LAYOUT = Struct.of("vfio_precopy_info", u32("argsz"), u32("flags"),
        u64("initial_bytes"), u64("dirty_bytes"));
    static final long FLAGS = offset(LAYOUT, "flags");
    static final long INITIAL_BYTES = offset(LAYOUT, "initial_bytes");
    static final long DIRTY_BYTES = offset(LAYOUT, "dirty_bytes");

    static final int REINIT = 1;

    private PreCopy() {}
  }

  /**
   * The ranges to be logged; {@code ranges} is the address of an array of {@link LogRange}.
   *
   * <pre>{@code
   * struct vfio_device_feature_dma_logging_control {
   *   __aligned_u64 page_size;
   *   __u32 num_ranges;
   *   __u32 __reserved;
   *   __aligned_u64 ranges;
   * };
   * }</pre>
   */
  static final class LogControl {
    static final StructLayout LAYOUT = Struct.of("vfio_device_feature_dma_logging_control", u64("page_size"),
        u32("num_ranges"), u32("__reserved"), u64("ranges"));
    static final long PAGE_SIZE = offset(LAYOUT, "page_size");
    static final long NUM_RANGES = offset(LAYOUT, "num_ranges");
    static final long RANGES = offset(LAYOUT, "ranges");

    private LogControl() {}
  }

  /**
   * A range to be logged.
   *
   * <pre>{@code
   * struct vfio_device_feature_dma_logging_range {
   *   __aligned_u64 iova;
   *   __aligned_u64 length;
   * };
   * }</pre>
   */
  static final class LogRange {
    static final StructLayout LAYOUT =
        Struct.of("vfio_device_feature_dma_logging_range", u64("iova"), u64("length"));
    static final long IOVA = offset(LAYOUT, "iova");
    static final long LENGTH = offset(LAYOUT, "length");

    private LogRange() {}
  }

  /**
   * The destination of a report; {@code bitmap} is the address of u64s.
   *
   * <pre>{@code
   * struct vfio_device_feature_dma_logging_report {
   *   __aligned_u64 iova;
   *   __aligned_u64 length;
   *   __aligned_u64 page_size;
   *   __aligned_u64 bitmap;
   * };
   * }</pre>
   */
  static final class LogReport {
    static final StructLayout LAYOUT = Struct.of("vfio_device_feature_dma_logging_report", u64("iova"),
        u64("length"), u64("page_size"), u64("bitmap"));
    static final long IOVA = offset(LAYOUT, "iova");
    static final long LENGTH = offset(LAYOUT, "length");
    static final long PAGE_SIZE = offset(LAYOUT, "page_size");
    static final long BITMAP = offset(LAYOUT, "bitmap");

    private LogReport() {}
  }
}
