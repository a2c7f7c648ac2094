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
 * Asks a kernel device what {@link KernelDevice} would never ask, for whoever judges it. It is reset as soon as it is
 * opened for the first time: what state it is in before that is what someone left.
 */
public final class KernelProbe
    implements DeviceProbe.ReopenProbe, DeviceProbe.ResetProbe, DeviceProbe.StateNumberProbe,
    DeviceProbe.EndedSessionProbe, DeviceProbe.RegionProbe, DeviceProbe.DmaMemoryProbe,
    DeviceProbe.RawDmaLogProbe {

  /** What the kernel may pin of a bitmap at once: it does so even where the range to report is none. */
  private static final long MIN_BITMAP = 4 << 20;
  private static final long MAX_BITMAP = 1 << 30;

  /** Memory that the device is lent. */
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
        // Of a session that began this way nobody knows.
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
    ProbeMemory begun = new ProbeMemory(range);
    try {
      device.mapDma(range, MemoryMap.anonymous(range.length(), begun.arena), true);
      memory = begun;
    } catch (DeviceException e) {
      begun.close();
      throw e;
    } catch (LinuxException e) {
      begun.close();
      throw failure("lend " + range, e);
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

  /** {@inheritDoc} A bitmap is as long as the range needs it, since the kernel believes that it is. */
  @Override
  public void reportLog(long iova, long length, long pageSize) throws DeviceException {
    // A page size that is none the kernel refuses itself.
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
