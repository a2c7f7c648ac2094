// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

/** The bits of {@link DeviceStateV1} by their names. */
enum BitV1 {
  RUNNING(DeviceStateV1.RUNNING_BIT), SAVING(DeviceStateV1.SAVING_BIT), RESUMING(DeviceStateV1.RESUMING_BIT),
  NDMA(
      DeviceStateV1.NDMA_BIT);

  private final int mask;

  BitV1(int mask) {
    this.mask = mask;
  }

  int mask() {
    return mask;
  }
}
