// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.region;

import io.vfio4j.model.v1.DeviceStateV1;
import java.util.Optional;

/** The fields in the header of a migration region of version 1. An access must be to exactly one field. */
public enum MigrationRegionField {
  /** {@link DeviceStateV1}; read-write. */
  DEVICE_STATE(0, Integer.BYTES),
  /** Reads as 0; writes are ignored. */
  RESERVED(4, Integer.BYTES),
  /** An estimate of the bytes to be read; read-only. Reading it acknowledges the segment read before. */
  PENDING_BYTES(8, Long.BYTES),
  /** The offset of the segment in the region; read-only. Reading it commits to one segment. */
  DATA_OFFSET(16, Long.BYTES),
  /**
   * The size of the segment in bytes: read while saving; written while resuming, which submits the segment.
   */
  DATA_SIZE(24, Long.BYTES);

  private final int offset;
  private final int width;

  MigrationRegionField(int offset, int width) {
    this.offset = offset;
    this.width = width;
  }

  /** Returns the offset of the field in the region, in bytes. */
  public int offset() {
    return offset;
  }

  /** Returns the width of the field, in bytes. */
  public int width() {
    return width;
  }

  /** Returns the field to which an access is made; empty if the access is not to exactly one field. */
  public static Optional<MigrationRegionField> at(long offset, long width) {
    for (MigrationRegionField field : values()) {
      if (field.offset == offset && field.width == width) {
        return Optional.of(field);
      }
    }
    return Optional.empty();
  }
}
