// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux.vfio;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.vfio4j.linux.vfio.DeviceStructs.DeviceInfo;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceIdentity;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.DmaLog;
import io.vfio4j.model.Errno;
import io.vfio4j.model.IovaRange;
import io.vfio4j.model.MigratableDevice;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.OfferedFeatures;
import io.vfio4j.model.TransitionResult;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * A VFIO device of the kernel. No other process can open it meanwhile.
 *
 * <p>
 * Closing may not reset it: the next process that opens it may find it in the state in which it was left,
 * without the data that belongs to it. Therefore a device that is to load a state is reset first, and a
 * device whose state is to be saved must be in {@link DeviceState#RUNNING}.
 *
 * <p>
 * For one thread at a time. A call takes as long as the driver does, and cannot be interrupted.
 */
public final class KernelDevice implements MigratableDevice {

  private final HostDevice host;
  private final KernelInterface kernelInterface;
  private final Attachment attachment;
  private final int flags;
  private final int regionCount;
  private final int irqCount;
  private final KernelRegions regions;
  private final KernelIrqs irqs;
  private final DeviceIdentity identity;
  private final KernelMigration migration;
  private final @Nullable DmaLog dmaLog;
  private boolean closed;

  private KernelDevice(HostDevice host, KernelInterface kernelInterface, Attachment attachment)
      throws DeviceException {
    this.host = host;
    this.kernelInterface = kernelInterface;
    this.attachment = attachment;
    VfioFile file = attachment.device();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment info = Struct.allocate(arena, DeviceInfo.LAYOUT);
      file.ioctl("query the device", Ioctl.VFIO_DEVICE_GET_INFO, info);
      flags = info.get(JAVA_INT, DeviceInfo.FLAGS);
      regionCount = info.get(JAVA_INT, DeviceInfo.NUM_REGIONS);
      irqCount = info.get(JAVA_INT, DeviceInfo.NUM_IRQS);
    }
    regions = new KernelRegions(file);
    irqs = new KernelIrqs(file);
    identity = regions.identity(host.driver().orElse("no driver"));
    migration = new KernelMigration(file);
    dmaLog = DeviceDmaLog.isOffered(migration.calls())
        ? new DeviceDmaLog(migration.calls())
        : attachment.dirtyLog().orElse(null);
  }

  /**
   * Opens a device.
   *
   * @throws DeviceException if it cannot be opened, with a message that names the remedy: EACCES or EPERM
   *     without the privileges, EBUSY if another program has it open, ENODEV if no VFIO driver is bound to
   *     it, EPERM if its group has devices bound to other drivers
   */
  public static KernelDevice open(HostDevice host, KernelOptions options) throws DeviceException {
    if (options.kernelInterface().isPresent()) {
      return open(host, options.kernelInterface().get(), options);
    }
    if (host.cdev().isEmpty()) {
      return open(host, KernelInterface.GROUP, options);
    }
    try {
      return open(host, KernelInterface.CDEV, options);
    } catch (DeviceException e) {
      if (host.group().isEmpty() || !isInaccessible(e.errno())) {
        throw e;
      }
      try {
        return open(host, KernelInterface.GROUP, options);
      } catch (DeviceException other) {
        other.addSuppressed(e);
        throw other;
      }
    }
  }

  /** Returns whether an errno means that a file does not exist or is not accessible. */
  private static boolean isInaccessible(Errno errno) {
    return errno.equals(Errno.ENOENT) || errno.equals(Errno.EACCES) || errno.equals(Errno.EPERM);
  }

  private static KernelDevice open(HostDevice host, KernelInterface kernelInterface, KernelOptions options)
      throws DeviceException {
    DeviceOpener opener = new DeviceOpener(host);
    Attachment attachment = switch (kernelInterface) {
      case GROUP -> GroupAttachment.open(opener, options.calls());
      case CDEV -> CdevAttachment.open(opener, options.calls());
    };
    try {
      return new KernelDevice(host, kernelInterface, attachment);
    } catch (Throwable t) {
      attachment.close();
      throw t;
    }
  }

  /** Returns the device as listed in sysfs. */
  public HostDevice host() {
    return host;
  }

  /** Returns the interface through which it was opened. */
  public KernelInterface kernelInterface() {
    return kernelInterface;
  }

  @Override
  public DeviceIdentity identity() {
    return identity;
  }

  @Override
  public MigrationFeatures features() {
    return migration.features();
  }

  /** Returns whether the device reports new initial data ({@code VFIO_PRECOPY_INFO_REINIT}). */
  public boolean reportsReinit() {
    return migration.reportsReinit();
  }

  /**
   * Probes the driver for all features of VFIO_DEVICE_FEATURE, known to this program or not. This does not
   * change the device.
   *
   * @throws DeviceException if the device does not answer
   */
  public OfferedFeatures offeredFeatures() throws DeviceException {
    return migration.offeredFeatures();
  }

  @Override
  public DeviceState state() throws DeviceException {
    return migration.state();
  }

  @Override
  public TransitionResult moveTo(DeviceState target) throws DeviceException {
    return migration.moveTo(target);
  }

  /** {@inheritDoc} {@code VFIO_DEVICE_RESET}, in any state. Some drivers support it without announcing it. */
  @Override
  public void reset() throws DeviceException {
    int result = attachment.device().tryIoctl(Ioctl.VFIO_DEVICE_RESET, MemorySegment.NULL);
    if (result < 0 && (flags & DeviceInfo.RESET) == 0) {
      Errno errno = new Errno(-result);
      throw new DeviceException(host.address(), "reset", errno,
          "%s: reset: %s; its driver does not announce that it can reset the device".formatted(host.address(),
              errno),
          null);
    }
    attachment.device().requireSuccess("reset", result);
    migration.onReset();
  }

  @Override
  public OptionalLong stopCopyLength() throws DeviceException {
    return migration.stopCopyLength();
  }

  /** {@inheritDoc} The log of the device if it keeps one, otherwise that of its IOMMU or container. */
  @Override
  public Optional<DmaLog> dmaLog() {
    return Optional.ofNullable(dmaLog);
  }

  /** Returns the number of regions, unsigned. */
  public int regionCount() {
    return regionCount;
  }

  /** Returns the number of interrupt indexes, unsigned. */
  public int irqCount() {
    return irqCount;
  }

  /** Returns the device's regions. */
  public KernelRegions regions() {
    return regions;
  }

  /** Returns the device's interrupts. */
  public KernelIrqs irqs() {
    return irqs;
  }

  /**
   * Maps memory of this process for DMA, {@code VFIO_IOMMU_MAP_DMA} or {@code IOMMU_IOAS_MAP}. The memory
   * must remain allocated until {@link #unmapDma} or {@link #close()}.
   *
   * @param range the I/O virtual addresses, whole pages
   * @param memory native memory of the length of the range, aligned to pages
   * @param isWritable whether the device may write
   * @throws DeviceException EEXIST if memory is already mapped there, EINVAL if the range is not whole pages,
   *     ENOMEM beyond the process's limit of locked memory (ulimit -l)
   */
  public void mapDma(IovaRange range, MemorySegment memory, boolean isWritable) throws DeviceException {
    if (!memory.isNative() || memory.byteSize() != range.length() || (isWritable && memory.isReadOnly())) {
      throw new IllegalArgumentException(
          "%s is not native memory of %d bytes%s".formatted(memory, range.length(),
              isWritable ? " that can be written" : ""));
    }
    attachment.map(range, memory, isWritable);
  }

  /**
   * Unmaps memory.
   *
   * @param range the range that was mapped
   * @throws DeviceException ENOENT or EINVAL if it was not mapped
   */
  public void unmapDma(IovaRange range) throws DeviceException {
    attachment.unmap(range);
  }

  KernelMigration migration() {
    return migration;
  }

  /** Closes the device without changing its state, and removes its mappings. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      migration.close();
      attachment.close();
    }
  }

  @Override
  public String toString() {
    return host.address();
  }
}
