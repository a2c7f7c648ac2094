// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import java.util.ArrayList;
import java.util.List;

/**
 * The numbers of VFIO_DEVICE_FEATURE (uapi/linux/vfio.h) that a device supports, known to this program or
 * not: later kernels and servers have more.
 *
 * @param numbers the supported features, ascending
 * @param migrationFlags the flags of feature 1, MIGRATION, as received; 0 if the device lacks it
 */
public record OfferedFeatures(List<Integer> numbers, long migrationFlags) {

  /** The count of numbers probed. Linux 7.2 defines 13. */
  private static final int PROBED_NUMBERS = 64;

  /** Probes a device for a feature. */
  @FunctionalInterface
  public interface Probe {

    /**
     * Returns whether the device supports a feature.
     *
     * @param number the feature, from 0
     * @throws DeviceException if the device does not answer
     */
    boolean offers(int number) throws DeviceException;
  }

  public OfferedFeatures {
    numbers = List.copyOf(numbers);
  }

  /**
   * Probes all numbers. This does not change the device.
   *
   * @param probe probes the device
   * @param migrationFlags the flags of MIGRATION
   * @throws DeviceException if the device does not answer
   */
  public static OfferedFeatures probe(Probe probe, long migrationFlags) throws DeviceException {
    List<Integer> numbers = new ArrayList<>();
    for (int number = 0; number < PROBED_NUMBERS; number++) {
      if (probe.offers(number)) {
        numbers.add(number);
      }
    }
    return new OfferedFeatures(numbers, migrationFlags);
  }

  /** Returns the flags of MIGRATION that have no {@link MigrationFeature}. */
  public long unknownMigrationFlags() {
    return migrationFlags & ~MigrationFeatures.ALL.flags();
  }
}
