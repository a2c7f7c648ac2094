// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.region;

/**
 * The layout of the migration region of version 1. Numbers are little-endian, as on both architectures that
 * this project supports.
 *
 * <pre>
 * region = header data_window
 * header = u32 device_state, u32 reserved, u64 pending_bytes, u64 data_offset, u64 data_size
 * </pre>
 *
 * <p>
 * Source: {@code struct vfio_device_migration_info}, as described in the thread "vfio: Update/Clarify
 * migration uAPI, add NDMA state" on the kvm mailing list (December 2021 to January 2022).
 */
public final class MigrationRegionLayout {

  /** The lowest index that the region can have; lower ones belong to PCI. */
  public static final int FIRST_INDEX = 9;

  /** The size of the header, in bytes, and the lowest offset of data. */
  public static final int HEADER_SIZE = 32;

  private MigrationRegionLayout() {
  }
}
