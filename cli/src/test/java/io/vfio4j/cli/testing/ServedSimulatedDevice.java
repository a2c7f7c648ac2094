// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.testing;

import io.vfio4j.linux.Fd;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceIdentity;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.TransitionException;
import io.vfio4j.model.TransitionResult;
import io.vfio4j.testkit.SimulatedDevice;
import io.vfio4j.vfiouser.device.DeviceDescription;
import io.vfio4j.vfiouser.device.DmaMemory;
import io.vfio4j.vfiouser.device.EmulatedDevice;
import io.vfio4j.vfiouser.device.Interrupts;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** A simulated device for a vfio4j server, with the same state format as at a foreign server. */
public final class ServedSimulatedDevice implements EmulatedDevice {

  private static final int CONFIG_SIZE = 256;

  private final SimulatedDevice device;
  private final MemorySegment config = MemorySegment.ofArray(new byte[CONFIG_SIZE]);

  public ServedSimulatedDevice(SimulatedDevice device) {
    this.device = device;
    DeviceIdentity identity = device.identity();
    ByteBuffer.wrap((byte[]) config.heapBase().orElseThrow()).order(ByteOrder.LITTLE_ENDIAN)
        .putShort(0, (short) identity.vendorId()).putShort(2, (short) identity.deviceId())
        .putInt(8, identity.classCode() << 8)
        .putShort(0x2c, (short) identity.subsystemVendorId()).putShort(0x2e, (short) identity.subsystemId());
  }

  @Override
  public DeviceDescription description() {
    List<DeviceDescription.Region> regions =
        new ArrayList<>(Collections.nCopies(9, DeviceDescription.Region.NONE));
    regions.set(DeviceDescription.CONFIG_REGION, new DeviceDescription.Region(CONFIG_SIZE, false, false));
    return new DeviceDescription("simulated", regions, List.of(0, 0, 0, 0, 0));
  }

  @Override
  public void attach(DmaMemory dma, Interrupts interrupts) {
    // Not used.
  }

  @Override
  public void readRegion(int region, long offset, MemorySegment into) {
    MemorySegment.copy(config, offset, into, 0, into.byteSize());
  }

  @Override
  public void writeRegion(int region, long offset, MemorySegment data) throws ErrnoException {
    throw new ErrnoException(Errno.EACCES, "nothing can be written");
  }

  @Override
  public Optional<Fd> regionFile(int region) {
    return Optional.empty();
  }

  @Override
  public MigrationFeatures features() {
    return device.features();
  }

  @Override
  public DeviceState state() {
    return device.machineState();
  }

  @Override
  public TransitionResult moveTo(DeviceState target) throws TransitionException {
    try {
      return device.moveTo(target);
    } catch (TransitionException e) {
      throw e;
    } catch (DeviceException e) {
      throw new IllegalStateException(e); // Only thrown by a lost device.
    }
  }

  @Override
  public OptionalLong stopCopyLength() {
    try {
      return device.stopCopyLength();
    } catch (DeviceException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void reset() {
    try {
      device.reset();
    } catch (DeviceException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public long runDue(long now) {
    return Long.MAX_VALUE;
  }

  @Override
  public void close() {
    device.close();
  }
}
