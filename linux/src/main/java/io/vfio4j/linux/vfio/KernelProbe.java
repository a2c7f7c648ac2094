// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux.vfio;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.MemoryMap;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceProbe;
import io.vfio4j.model.Errno;
import io.vfio4j.model.IovaRange;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Makes requests to a kernel device that {@link KernelDevice} would not make, for code that tests devices.
 * The device is reset when it is first opened, since another process may have left it in any state.
 */
public final class KernelProbe
    implements DeviceProbe.ReopenProbe, DeviceProbe.ResetProbe, DeviceProbe.StateNumberProbe,
    DeviceProbe.EndedSessionProbe, DeviceProbe.RegionProbe, DeviceProbe.DmaMemoryProbe,
    DeviceProbe.RawDmaLogProbe {

  /** The kernel may pin this much of a bitmap at once, even for an empty range. */
  private static final long MIN_BITMAP = 4 << 20;
  private static final long MAX_BITMAP = 1 << 30;

  /** Memory mapped for the device. */
  private static final class ProbeMemory implements AutoCloseable {
    private final Arena arena = Arena.ofShared();
    private final IovaRange range;

    ProbeMemory(IovaRange range) {
      this.range = range;
    }

    @Override
    public void close() {
      arena.close();
    }
  }

  private final HostDevice host;
  private final KernelOptions options;
  private KernelDevice device;
  private @Nullable ProbeMemory memory;

  private KernelProbe(HostDevice host, KernelOptions options) throws DeviceException {
    this.host = host;
    this.options = options;
    device = KernelDevice.open(host, options);
  }

  /**
   * Opens a device and resets it.
   *
   * @throws DeviceException as {@link KernelDevice#open}, and if the reset fails
   */
  public static KernelProbe open(HostDevice host, KernelOptions options) throws DeviceException {
    KernelProbe probe = new KernelProbe(host, options);
    try {
      probe.device.reset();
      return probe;
    } catch (Throwable t) {
      probe.close();
      throw t;
    }
  }

  @Override
  public KernelDevice device() {
    return device;
  }

  @Override
  public void reopen() throws DeviceException {
    close();
    device = KernelDevice.open(host, options);
  }

  @Override
  public void resetOnly() throws DeviceException {
    device.reset();
  }

  @Override
  public void setState(int number) throws DeviceException {
    int result = device.migration().calls().setState(number);
    try {
      if (result >= 0) {
        // No one uses a session that began this way.
        new VfioFile(options.calls(), result, "the data of " + host.address(), host.address()).close();
      } else if (result != FeatureCalls.NO_SESSION) {
        throw new DeviceException(host.address(), "set state " + Integer.toUnsignedString(number),
            new Errno(-result));
      }
    } finally {
      device.state();
    }
  }

  @Override
  public long read(MemorySegment into) throws DeviceException {
    return device.migration().readSession(into);
  }

  @Override
  public void write(MemorySegment data) throws DeviceException {
    device.migration().writeSession(data);
  }

  @Override
  public void readRegion(int region, long offset, MemorySegment into) throws DeviceException {
    device.regions().read(region, offset, into);
  }

  @Override
  public void writeRegion(int region, long offset, MemorySegment data) throws DeviceException {
    device.regions().write(region, offset, data);
  }

  @Override
  public void mapMemory(IovaRange range) throws DeviceException {
    if (memory != null && range.equals(memory.range)) {
      return;
    }
    if (memory != null) {
      device.unmapDma(memory.range);
      freeMemory();
    }
    ProbeMemory created = new ProbeMemory(range);
    try {
      device.mapDma(range, MemoryMap.anonymous(range.length(), created.arena), true);
      memory = created;
    } catch (DeviceException e) {
      created.close();
      throw e;
    } catch (LinuxException e) {
      created.close();
      throw failure("map " + range, e);
    }
  }

  private void freeMemory() {
    if (memory != null) {
      memory.close();
      memory = null;
    }
  }

  @Override
  public long startLog(List<long[]> ranges, long pageSize) throws DeviceException {
    return DeviceDmaLog.start(ranges, pageSize, device.migration().calls());
  }

  /** {@inheritDoc} The bitmap is as long as the range requires, since the kernel assumes that it is. */
  @Override
  public void reportLog(long iova, long length, long pageSize) throws DeviceException {
    // The kernel refuses an invalid page size itself.
    long pages = Long.bitCount(pageSize) == 1 ? Long.divideUnsigned(length, pageSize) : 0;
    long bytes = Math.max(MIN_BITMAP, (pages >>> 3) + Long.BYTES);
    if (bytes > MAX_BITMAP) {
      throw new DeviceException(host.address(), "report 0x%x+0x%x".formatted(iova, length), Errno.E2BIG);
    }
    try (Arena arena = Arena.ofConfined()) {
      DeviceDmaLog.report(iova, length, pageSize, MemoryMap.anonymous(bytes, arena),
          device.migration().calls());
    } catch (LinuxException e) {
      throw failure("report", e);
    }
  }

  private DeviceException failure(String action, LinuxException e) {
    return new DeviceException(host.address(), action, e.errno(), host.address() + ": " + e.getMessage(), e);
  }

  @Override
  public void close() {
    device.close();
    freeMemory();
  }
}
