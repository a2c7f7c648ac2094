// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceLostException;
import io.vfio4j.model.MigrationRegionAccess;
import io.vfio4j.model.info.RegionCapability;
import io.vfio4j.model.info.RegionInfo;
import io.vfio4j.model.region.MigrationRegionLayout;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * The migration region, version 1 of the migration interface, of a served device.
 *
 * @param access accesses the region with the migration timeout, because an access may make the device change
 *     its state
 * @param info the server's description of the region
 */
record ClientMigrationRegion(ClientCalls calls, ClientRegionAccess access, RegionInfo info)
    implements
      MigrationRegionAccess {

  /** Bounds the search: the number of regions is the server's word. */
  private static final int MAX_REGIONS = 64;

  /**
   * Searches for the region among the device-specific ones. Most devices have none.
   *
   * @param count the number of regions that the server reports
   * @throws DeviceLostException if the connection failed, or the server violated the protocol
   */
  static Optional<ClientMigrationRegion> find(ClientCalls calls, ClientRegions regions, int count)
      throws DeviceLostException {
    for (int index = MigrationRegionLayout.FIRST_INDEX; index < Math.min(count, MAX_REGIONS); index++) {
      int candidate = index;
      // A region that the server does not describe is not usable.
      Optional<RegionInfo> info = ClientCalls.unlessRefused(() -> regions.info(candidate));
      if (info.filter(ClientMigrationRegion::isMigration).isPresent()) {
        return Optional
            .of(new ClientMigrationRegion(calls, regions.accessWith(calls.forMigration()), info.get()));
      }
    }
    return Optional.empty();
  }

  private static boolean isMigration(RegionInfo info) {
    return info.size() > MigrationRegionLayout.HEADER_SIZE && info.readable() && info.writable()
        && info.capability(RegionCapability.RegionType.class)
            .filter(RegionCapability.RegionType.MIGRATION::equals).isPresent();
  }

  /** Returns whether the device has NDMA. */
  boolean hasNdma() {
    return info.capability(RegionCapability.Ndma.class).isPresent();
  }

  @Override
  public long size() {
    return info.size();
  }

  @Override
  public void read(long offset, MemorySegment into) throws DeviceException {
    access.read(info.index(), offset, into);
  }

  @Override
  public void write(long offset, MemorySegment data) throws DeviceException {
    access.write(info.index(), offset, data);
  }

  @Override
  public void reset() throws DeviceException {
    calls.reset();
  }

  @Override
  public void close() {
    // The client owns the connection.
  }
}
