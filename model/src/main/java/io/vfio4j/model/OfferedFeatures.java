// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import java.util.ArrayList;
import java.util.List;

/**
 * What a device answers to probes of VFIO_DEVICE_FEATURE (uapi/linux/vfio.h), whether or not anything here knows it: later
 * kernels and servers have more.
 *
 * @param numbers the features that it offers, ascending
 * @param migrationFlags the flags of feature 1, MIGRATION, as they came; 0 where it has none
 */
public record OfferedFeatures(List<Integer> numbers, long migrationFlags) {

  /** How many numbers are tried. The kernel has 13 of them now. */
  private static final int PROBED_NUMBERS = 64;

  /** Asks whether a device offers a feature. */
  @FunctionalInterface
  public interface Probe {

    /**
     * Probes.
     *
     * @param number the feature, from 0 on
     * @throws DeviceException if the device cannot be asked any more
     */
    boolean offers(int number) throws DeviceException;
  }

  /** Copies the list. */
  public OfferedFeatures {
    numbers = List.copyOf(numbers);
  }

  /**
   * Tries all numbers. Changes nothing.
   *
   * @param probe asks the device
   * @param migrationFlags its flags of MIGRATION
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

  /** Returns the flags of MIGRATION that no {@link MigrationFeature} stands for. */
  public long unknownMigrationFlags() {
    return migrationFlags & ~MigrationFeatures.ALL.flags();
  }
}
