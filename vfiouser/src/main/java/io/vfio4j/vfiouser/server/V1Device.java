// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

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
 * Any device that can migrate, with a migration region of version 1; and with version 2, if that is to be served too.
 *
 * <p>
 * NDMA promises that there is no DMA at all, the states without peer-to-peer DMA only that there is none to peers. So
 * a device that is moved by version 1 is told to halt all of it there, and one that is moved by version 2 is not.
 */
final class V1Device implements EmulatedDevice {

  /** Where the data window begins: at a page, so that the header stays trapped whatever is mapped. */
  static final long WINDOW_OFFSET = 4096;
  /** What one message carries by default. */
  static final long WINDOW_SIZE = 1 << 20;

  /** Through which version the device was asked for a state. */
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
   * Makes the region of a device that can migrate.
   *
   * @param device the device, which stays the caller's
   * @param hasV2 whether it has version 2 as well
   */
  V1Device(EmulatedDevice device, boolean hasV2) {
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
  public void readRegion(int asked, long offset, MemorySegment into) throws ErrnoException {
    if (asked == index) {
      region().read(offset, into);
    } else {
      device.readRegion(asked, offset, into);
    }
  }

  @Override
  public void writeRegion(int asked, long offset, MemorySegment data) throws ErrnoException {
    if (asked != index) {
      device.writeRegion(asked, offset, data);
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
  public Optional<Fd> regionFile(int asked) {
    return asked == index ? Optional.empty() : device.regionFile(asked);
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

  /** Tells whether the device was asked for a state by version 1 since the last reset. */
  boolean isDrivenByV1() {
    return drivenBy == DrivingVersion.V1;
  }

  /**
   * Has the device go on for whoever comes next: whose field is that of a device that was just opened.
   *
   * @return false if it is not in RUNNING, by its field too, and has to be reset
   */
  boolean release() {
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

  /** Frees the region, on the thread that attached it. The device is its owner's to close. */
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
