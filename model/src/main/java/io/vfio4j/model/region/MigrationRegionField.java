// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.region;

import io.vfio4j.model.v1.DeviceStateV1;
import java.util.Optional;

/**
 * The fields at the beginning of the migration region of version 1. Each is accessed whole, or not at all.
 */
public enum MigrationRegionField {
  /** {@link DeviceStateV1}; read and written. */
  DEVICE_STATE(0, Integer.BYTES),
  /** Reads 0; writes are ignored. */
  RESERVED(4, Integer.BYTES),
  /**
   * An estimate of the bytes to be read; read-only. Reading it acknowledges the segment that was read before.
   */
  PENDING_BYTES(8, Long.BYTES),
  /** Where in the region the segment lies; read-only. Reading it commits to one segment. */
  DATA_OFFSET(16, Long.BYTES),
  /** The segment's bytes: read while saving; written while resuming, which hands the segment over. */
  DATA_SIZE(24, Long.BYTES);

  private final int offset;
  private final int width;

  MigrationRegionField(int offset, int width) {
    this.offset = offset;
    this.width = width;
  }

  /** Returns where the field lies in the region. */
  public int offset() {
    return offset;
  }

  /** Returns its bytes. */
  public int width() {
    return width;
  }

  /** Returns the field that an access is to; empty where the access is not to exactly one field. */
  public static Optional<MigrationRegionField> at(long offset, long width) {
    for (MigrationRegionField field : values()) {
      if (field.offset == offset && field.width == width) {
        return Optional.of(field);
      }
    }
    return Optional.empty();
  }
}
