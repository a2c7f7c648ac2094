// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.parked;

import io.vfio4j.linux.Fd;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.TransitionException;
import io.vfio4j.model.TransitionResult;
import io.vfio4j.vfiouser.device.DeviceDescription;
import io.vfio4j.vfiouser.device.DmaMemory;
import io.vfio4j.vfiouser.device.EmulatedDevice;
import io.vfio4j.vfiouser.device.Interrupts;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A device as a VMM sees it that does not own it: the description, the files of its regions and the migration features
 * are the device's; config space is a copy of its own; a reset resets only that copy; any other access to registers,
 * and moves, are refused with EBUSY. Used on the thread that serves that VMM; nothing of it reaches the device.
 */
public final class ParkedDevice implements EmulatedDevice {

  private final DeviceDescription description;
  private final MigrationFeatures features;
  private final Map<Integer, Fd> regionFiles = new HashMap<>();
  private final ParkedConfigSpace configSpace;

  /**
   * Creates the view of a device. On the device's thread.
   *
   * @param device just attached, or reset; its config space is what a VMM finds at first
   * @throws ErrnoException if its config space cannot be read
   */
  public ParkedDevice(EmulatedDevice device) throws ErrnoException {
    description = device.description();
    features = device.features();
    for (int index = 0; index < description.regions().size(); index++) {
      if (description.regions().get(index).mappable()) {
        int region = index;
        device.regionFile(index).ifPresent(file -> regionFiles.put(region, file));
      }
    }
    byte[] initial =
        new byte[(int) description.regions().get(DeviceDescription.CONFIG_REGION).size()];
    device.readRegion(DeviceDescription.CONFIG_REGION, 0, MemorySegment.ofArray(initial));
    configSpace = new ParkedConfigSpace(initial, description.regions());
  }

  @Override
  public DeviceDescription description() {
    return description;
  }

  @Override
  public void attach(DmaMemory dma, Interrupts interrupts) {
    // It accesses no memory, and raises no interrupt.
  }

  @Override
  public void readRegion(int region, long offset, MemorySegment into) throws ErrnoException {
    checkRegion(region);
    configSpace.read(offset, into);
  }

  @Override
  public void writeRegion(int region, long offset, MemorySegment data) throws ErrnoException {
    checkRegion(region);
    configSpace.write(offset, data);
  }

  private static void checkRegion(int region) throws ErrnoException {
    if (region != DeviceDescription.CONFIG_REGION) {
      throw new ErrnoException(Errno.EBUSY,
          "another VMM owns the device; this one has its config space only");
    }
  }

  @Override
  public Optional<Fd> regionFile(int region) {
    return Optional.ofNullable(regionFiles.get(region));
  }

  @Override
  public MigrationFeatures features() {
    return features;
  }

  @Override
  public DeviceState state() {
    return DeviceState.RUNNING;
  }

  @Override
  public TransitionResult moveTo(DeviceState target) throws TransitionException {
    throw new TransitionException(description.name(), DeviceState.RUNNING, target, Errno.EBUSY,
        DeviceState.RUNNING, new ErrnoException(Errno.EBUSY, "another VMM owns the device"));
  }

  @Override
  public OptionalLong stopCopyLength() {
    return OptionalLong.empty();
  }

  @Override
  public void reset() {
    configSpace.reset();
  }

  @Override
  public long runDue(long now) {
    return Long.MAX_VALUE;
  }

  @Override
  public void close() {
    // The files of the regions are the device's.
  }
}
