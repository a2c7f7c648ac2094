// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceProbe;
import io.vfio4j.model.MigrationRegionAccess;
import io.vfio4j.model.region.RegionMigratableDevice;
import io.vfio4j.model.v1.FeaturesV1;
import java.util.Optional;
import java.util.Set;

/** The privileged view of a device that supports only version 1 and whose region misbehaves. */
public final class MisbehavingRegionProbe
    implements
    DeviceProbe.MigrationRegionProbe,
    DeviceProbe.ResetProbe {

  private final MisbehavingDevice backing;
  private final MisbehavingRegion region;
  private final boolean ndma;
  private final RegionMigratableDevice device;

  /**
   * Opens a device.
   *
   * @param settings of the device behind the region
   * @param window size of the data window, bytes
   * @param ndma whether it supports NDMA
   * @param misbehaviours the rules that it breaks
   */
  public MisbehavingRegionProbe(SimulatedSettings settings, int window, boolean ndma,
      Set<RegionMisbehaviour> misbehaviours) {
    this.ndma = ndma;
    backing = new MisbehavingDevice(settings, Set.of());
    region = new MisbehavingRegion(new SimulatedRegion(backing, window, ndma), misbehaviours);
    device =
        new RegionMigratableDevice(backing.identity(), region, FeaturesV1.all(ndma), backing.dmaLog(), true);
  }

  @Override
  public RegionMigratableDevice device() {
    return device;
  }

  /** Fills the device's content with random bytes. */
  public void fill(long seed) {
    backing.fill(seed);
  }

  /** Drives the device into ERROR. */
  public void enterError() throws DeviceException {
    backing.enterError();
  }

  @Override
  public Optional<MigrationRegionAccess> migrationRegion() {
    return Optional.of(region);
  }

  @Override
  public boolean hasNdma() {
    return ndma;
  }

  @Override
  public void resetOnly() throws DeviceException {
    region.reset();
    device.state(); // Reading the state ends the user's sessions.
  }

  @Override
  public void close() {
    device.close();
  }
}
