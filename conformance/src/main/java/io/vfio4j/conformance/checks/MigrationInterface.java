// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.checks;

import io.vfio4j.model.DeviceProbe;
import io.vfio4j.model.MigratableDevice;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.Segmentation;

/**
 * The parts of the migration interface that a device has, which select its checks.
 *
 * @param features the device's features
 * @param isVersion1Only whether the device is driven through version 1, having no other
 * @param isStream whether its state is a stream of bytes, not one of segments whose boundaries matter
 * @param hasRegion whether it has a migration region of version 1 that can be accessed
 * @param ndma whether the region has the capability NDMA
 */
public record MigrationInterface(MigrationFeatures features, boolean isVersion1Only, boolean isStream,
    boolean hasRegion, boolean ndma) {

  /** Returns the interface of a device with version 2 alone. */
  public static MigrationInterface version2(MigrationFeatures features) {
    return new MigrationInterface(features, false, true, false, false);
  }

  /** Returns the interface of a device. */
  public static MigrationInterface of(DeviceProbe probe) {
    MigratableDevice device = probe.device();
    boolean drivenByV1 = device.segmentation().isPresent();
    boolean isStream = device.segmentation().filter(Segmentation::isFixed).isEmpty();
    if (probe instanceof DeviceProbe.MigrationRegionProbe region && region.migrationRegion().isPresent()) {
      return new MigrationInterface(device.features(), drivenByV1, isStream, true, region.hasNdma());
    }
    return new MigrationInterface(device.features(), drivenByV1, isStream, false, false);
  }
}
