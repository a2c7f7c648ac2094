// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

/** The flags of {@code struct vfio_device_feature_migration} (uapi/linux/vfio.h). */
public enum MigrationFeature {
  /** {@code VFIO_MIGRATION_STOP_COPY}: mandatory for every device that can migrate. */
  STOP_COPY(1),
  /** {@code VFIO_MIGRATION_P2P}: the device has the states that do not initiate peer-to-peer DMA. */
  P2P(1 << 1),
  /** {@code VFIO_MIGRATION_PRE_COPY}: the device's state can be read while it runs. */
  PRE_COPY(1 << 2);

  private final long flag;

  MigrationFeature(long flag) {
    this.flag = flag;
  }

  /** Returns the bit of this feature in the {@code flags} field. */
  public long flag() {
    return flag;
  }
}
