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
 * A migration region of version 1, as the client reaches it.
 *
 * @param calls the way to the server
 * @param access the way to the region, each access to which may take as long as what it has the device do
 * @param info what the server says of it
 */
record ClientMigrationRegion(ClientCalls calls, ClientRegionAccess access, RegionInfo info)
    implements
      MigrationRegionAccess {

  /** A server may say that it has billions of regions; no device does. */
  private static final int MAX_REGIONS = 64;

  /**
   * Looks for the region among those that do not belong to PCI. Most devices have none of them.
   *
   * @param count how many regions there are, as the server says it
   * @throws DeviceLostException if the connection failed, or the server talks nonsense
   */
  static Optional<ClientMigrationRegion> find(ClientCalls calls, ClientRegions regions, int count)
      throws DeviceLostException {
    for (int index = MigrationRegionLayout.FIRST_INDEX; index < Math.min(count, MAX_REGIONS); index++) {
      Optional<RegionInfo> info = info(regions, index);
      if (info.filter(ClientMigrationRegion::isMigration).isPresent()) {
        return Optional
            .of(new ClientMigrationRegion(calls, regions.accessWith(calls.forMigration()), info.get()));
      }
    }
    return Optional.empty();
  }

  private static Optional<RegionInfo> info(ClientRegions regions, int index) throws DeviceLostException {
    try {
      return Optional.of(regions.info(index));
    } catch (DeviceLostException e) {
      throw e;
    } catch (DeviceException e) {
      // A region that the server does not want to talk about is of no use.
      return Optional.empty();
    }
  }

  private static boolean isMigration(RegionInfo info) {
    return info.size() > MigrationRegionLayout.HEADER_SIZE && info.readable() && info.writable()
        && info.capability(RegionCapability.RegionType.class)
            .filter(RegionCapability.RegionType.MIGRATION::equals).isPresent();
  }

  /** Tells whether the device has NDMA. */
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
    // The connection is the client's.
  }
}
