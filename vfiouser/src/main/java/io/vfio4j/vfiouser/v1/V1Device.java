// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.v1;

import io.vfio4j.linux.Fd;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.MigrationFeature;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.StateLayout;
import io.vfio4j.model.TransitionException;
import io.vfio4j.model.TransitionResult;
import io.vfio4j.model.info.RegionCapability;
import io.vfio4j.model.region.MigrationRegion;
import io.vfio4j.model.region.MigrationRegionField;
import io.vfio4j.model.region.MigrationRegionLayout;
import io.vfio4j.model.v1.DeviceStateV1;
import io.vfio4j.vfiouser.device.DeviceDescription;
import io.vfio4j.vfiouser.device.DmaMemory;
import io.vfio4j.vfiouser.device.EmulatedDevice;
import io.vfio4j.vfiouser.device.Interrupts;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * A device with a migration region of version 1, and optionally with version 2.
 *
 * <p>
 * NDMA means that there is no DMA at all, the P2P states of version 2 only that there is none to peers. So a
 * device that is moved by version 1 halts all DMA there, and one that is moved by version 2 does not.
 */
public final class V1Device implements EmulatedDevice {

  /** The data window begins at a page, so that accesses to the header are never mapped. */
  static final long WINDOW_OFFSET = 4096;
  /** As large as the data of one message by default. */
  static final long WINDOW_SIZE = 1 << 20;

  /**
   * The version by which the device was moved since the last reset. NONE becomes V1 or V2 at the first move;
   * moves by the other version then return EBUSY; a reset, or a client that leaves the device in RUNNING,
   * returns to NONE.
   */
  private enum DrivingVersion {
    NONE, V1, V2
  }

  private final EmulatedDevice device;
  private final boolean hasV2;
  private final int index;
  private final boolean ndma;
  private final DeviceDescription description;
  private @Nullable Arena memory;
  private @Nullable MigrationRegion region;
  private DrivingVersion drivenBy = DrivingVersion.NONE;

  /**
   * Creates the region of a device that can migrate.
   *
   * @param device the device, which stays the caller's
   * @param hasV2 whether version 2 is served too
   */
  public V1Device(EmulatedDevice device, boolean hasV2) {
    this.device = device;
    this.hasV2 = hasV2;
    ndma = device.features().has(MigrationFeature.P2P);
    List<DeviceDescription.Region> regions = new ArrayList<>(device.description().regions());
    while (regions.size() < MigrationRegionLayout.FIRST_INDEX) {
      regions.add(DeviceDescription.Region.NONE);
    }
    index = regions.size();
    regions.add(new DeviceDescription.Region(WINDOW_OFFSET + WINDOW_SIZE, true, false, capabilities()));
    description = new DeviceDescription(device.description().name(), regions,
        device.description().irqCounts());
  }

  private List<RegionCapability> capabilities() {
    return ndma
        ? List.of(RegionCapability.RegionType.MIGRATION, new RegionCapability.Ndma())
        : List.of(RegionCapability.RegionType.MIGRATION);
  }

  @Override
  public DeviceDescription description() {
    return description;
  }

  /** {@inheritDoc} The region lives in memory of the calling thread, the device's own. */
  @Override
  @SuppressWarnings("MustBeClosedChecker") // close() does, on the same thread.
  public void attach(DmaMemory dma, Interrupts interrupts) {
    device.attach(dma, interrupts);
    memory = Arena.ofConfined();
    region =
        new MigrationRegion(EmulatedDeviceAdapter.of(device), memory.allocate(WINDOW_SIZE, WINDOW_OFFSET),
            WINDOW_OFFSET, ndma, (from, to, reason) -> {
            });
  }

  private MigrationRegion region() {
    if (region == null) {
      throw new IllegalStateException(description.name() + " is not attached yet");
    }
    return region;
  }

  @Override
  public void readRegion(int requested, long offset, MemorySegment into) throws ErrnoException {
    if (requested == index) {
      region().read(offset, into);
    } else {
      device.readRegion(requested, offset, into);
    }
  }

  @Override
  public void writeRegion(int requested, long offset, MemorySegment data) throws ErrnoException {
    if (requested != index) {
      device.writeRegion(requested, offset, data);
      return;
    }
    if (MigrationRegionField.at(offset, data.byteSize())
        .filter(field -> field == MigrationRegionField.DEVICE_STATE).isPresent()) {
      if (drivenBy == DrivingVersion.V2) {
        throw new ErrnoException(Errno.EBUSY, "version 2 was used since the last reset");
      }
      drivenBy = DrivingVersion.V1;
      device.haltAllDma(true);
    }
    region().write(offset, data);
  }

  @Override
  public Optional<Fd> regionFile(int requested) {
    return requested == index ? Optional.empty() : device.regionFile(requested);
  }

  @Override
  public MigrationFeatures features() {
    return hasV2 ? device.features() : MigrationFeatures.NONE;
  }

  @Override
  public DeviceState state() {
    return device.state();
  }

  @Override
  public TransitionResult moveTo(DeviceState target) throws TransitionException {
    if (drivenBy == DrivingVersion.V1) {
      throw new TransitionException(description.name(), state(), target, Errno.EBUSY, state(), null);
    }
    drivenBy = DrivingVersion.V2;
    device.haltAllDma(false);
    return device.moveTo(target);
  }

  @Override
  public void haltAllDma(boolean halt) {
    device.haltAllDma(halt);
  }

  @Override
  public OptionalLong stopCopyLength() {
    return device.stopCopyLength();
  }

  @Override
  public Optional<StateLayout> stateLayout() {
    return device.stateLayout();
  }

  @Override
  public void reset() {
    device.reset();
    region().onReset("reset");
    drivenBy = DrivingVersion.NONE;
  }

  /** Returns whether the device was moved by version 1 since the last reset. */
  public boolean isDrivenByV1() {
    return drivenBy == DrivingVersion.V1;
  }

  /**
   * Prepares a running device for the next client, for which the state field is that of a device just opened.
   *
   * @return false if the device or the state field is not in RUNNING; then the device must be reset
   */
  public boolean release() {
    boolean runs = device.state() == DeviceState.RUNNING
        && region().state().bits() == DeviceStateV1.RUNNING.bits();
    if (runs) {
      region().onReset("its user has gone");
      drivenBy = DrivingVersion.NONE;
    }
    return runs;
  }

  @Override
  public long runDue(long now) {
    return device.runDue(now);
  }

  /** Frees the region, on the thread that attached it. The device stays the caller's. */
  @Override
  public void close() {
    if (region != null) {
      region.close();
    }
    if (memory != null) {
      memory.close();
      memory = null;
    }
  }
}
