// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceProbe;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Set;

/** The privileged view of a {@link MisbehavingDevice}, which can also reopen it. */
public final class MisbehavingProbe implements DeviceProbe.ReopenProbe, DeviceProbe.ResetProbe,
    DeviceProbe.StateNumberProbe, DeviceProbe.EndedSessionProbe, DeviceProbe.RegionProbe,
    DeviceProbe.RawDmaLogProbe,
    DeviceProbe.PathProbe {

  private static final int CONFIG_REGION = 7;
  private static final ValueLayout.OfInt U32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final SimulatedSettings settings;
  private final Set<Misbehaviour> misbehaviours;
  private MisbehavingDevice device;

  /**
   * Opens a device.
   *
   * @param settings of the device; its observer is ignored
   * @param misbehaviours the rules that it breaks
   */
  public MisbehavingProbe(SimulatedSettings settings, Set<Misbehaviour> misbehaviours) {
    this.settings = settings;
    this.misbehaviours = Set.copyOf(misbehaviours);
    this.device = new MisbehavingDevice(settings, misbehaviours);
  }

  @Override
  public MisbehavingDevice device() {
    return device;
  }

  @Override
  public void reopen() {
    boolean stays =
        device.misbehaves(Misbehaviour.STATE_OUTLIVES_CLOSE)
            || device.misbehaves(Misbehaviour.LOST_AFTER_CLOSE);
    device.close();
    if (stays) {
      device.markReopened();
    } else {
      device = new MisbehavingDevice(settings, misbehaviours);
    }
  }

  @Override
  public void resetOnly() throws DeviceException {
    device.reset();
  }

  @Override
  public void setState(int number) throws DeviceException {
    if (DeviceState.fromWire(number).isPresent()) {
      device.moveTo(DeviceState.fromWire(number).get());
    } else if (!device.misbehaves(Misbehaviour.ACCEPTS_UNKNOWN_STATE_NUMBERS)) {
      throw new DeviceException(device.name(), "set state " + Integer.toUnsignedString(number), Errno.EINVAL);
    }
  }

  @Override
  public long read(MemorySegment into) throws DeviceException {
    return serve("read", true);
  }

  @Override
  public void write(MemorySegment data) throws DeviceException {
    serve("write", false);
  }

  private long serve(String action, boolean read) throws DeviceException {
    if (!device.servesData(read)) {
      throw new DeviceException(device.name(), action, Errno.ENODEV);
    }
    return 0;
  }

  /** {@inheritDoc} Only the config space exists, and only its ids are set. */
  @Override
  public void readRegion(int region, long offset, MemorySegment into) throws DeviceException {
    boolean stopped = device.misbehaves(Misbehaviour.CONFIG_SPACE_STOPS) && !device.state().isRunning();
    if (region != CONFIG_REGION || offset != 0 || into.byteSize() != Integer.BYTES || stopped) {
      throw new DeviceException(device.name(), "read region " + region, stopped ? Errno.EIO : Errno.EINVAL);
    }
    into.set(U32, 0, device.identity().deviceId() << 16 | device.identity().vendorId());
  }

  @Override
  public void writeRegion(int region, long offset, MemorySegment data) throws DeviceException {
    throw new DeviceException(device.name(), "write region " + region, Errno.EINVAL);
  }

  @Override
  public long startLog(List<long[]> ranges, long pageSize) throws DeviceException {
    return device.misbehavingLog().startUnchecked(ranges, pageSize);
  }

  @Override
  public void reportLog(long iova, long length, long pageSize) throws DeviceException {
    try (Arena arena = Arena.ofConfined()) {
      device.misbehavingLog().reportUnchecked(iova, length, pageSize, arena.allocate(1 << 12, 8));
    }
  }

  @Override
  public List<DeviceState> drainPath() {
    return device.takePath();
  }

  @Override
  public void close() {
    device.close();
  }
}
