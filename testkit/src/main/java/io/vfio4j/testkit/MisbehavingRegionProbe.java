// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceProbe;
import io.vfio4j.model.MigrationRegionAccess;
import io.vfio4j.model.region.RegionMigratableDevice;
import io.vfio4j.model.v1.FeaturesV1;
import java.util.Optional;
import java.util.Set;

/** Looks behind a device that has version 1 alone, with a region that misbehaves. */
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
   * @param settings what the device behind the region is like
   * @param window bytes of the data window
   * @param ndma whether it has NDMA
   * @param misbehaviours what is wrong with it
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

  /** Gives the device a content that is not zeros. */
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
    device.state(); // Sessions of the user's learn from the state that they have ended.
  }

  @Override
  public void close() {
    device.close();
  }
}
