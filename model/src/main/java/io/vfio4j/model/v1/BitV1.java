// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.v1;

/** The bits of {@link DeviceStateV1}, by name. */
enum BitV1 {
  RUNNING(0), SAVING(1), RESUMING(2), NDMA(3);

  private final int mask;

  BitV1(int number) {
    this.mask = 1 << number;
  }

  int mask() {
    return mask;
  }
}
