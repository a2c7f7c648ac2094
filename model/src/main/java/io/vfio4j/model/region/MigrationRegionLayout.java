// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.region;

/**
 * The migration region of version 1: where it is found and how it begins. Numbers are little-endian, as on
 * both architectures that this project knows.
 *
 * <p>
 * Source: {@code struct vfio_device_migration_info} as the thread "vfio: Update/Clarify migration uAPI, add
 * NDMA state" on the kvm mailing list (December 2021 to January 2022) describes it.
 */
public final class MigrationRegionLayout {

  /** The region has this index or a higher one; those below belong to PCI. */
  public static final int FIRST_INDEX = 9;
  /** The id of the region-info capability that tells the region's type. */
  public static final int CAPABILITY_TYPE = 2;
  /** The type in that capability. */
  public static final int TYPE = 3;
  /** The subtype in that capability. */
  public static final int SUBTYPE = 1;
  /** The id of the region-info capability that a device with NDMA has. */
  public static final int CAPABILITY_NDMA = 6;
  /** Bytes before which no data can lie. */
  public static final int HEADER_SIZE = 32;

  private MigrationRegionLayout() {
  }
}
