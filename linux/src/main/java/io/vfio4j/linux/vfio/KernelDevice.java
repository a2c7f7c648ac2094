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
 * A VFIO device of the kernel's. Nobody else has it while it is open here.
 *
 * <p>
 * To close it need not reset it: the next who opens it may find it in the state in which it was left, without what
 * belongs to it. So a device that is to be given a state is reset first, and one whose state is wanted must be in
 * {@link DeviceState#RUNNING}, or be left alone.
 *
 * <p>
 * For one thread at a time. A call may take as long as the driver does, and cannot be interrupted.
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

  private KernelDevice(HostDevice host, KernelInterface by, Attachment attachment) throws DeviceException {
    this.host = host;
    this.kernelInterface = by;
    this.attachment = attachment;
    VfioFile file = attachment.device();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment info = Struct.allocate(arena, DeviceInfo.LAYOUT);
      file.ioctl("ask what it has", Ioctl.VFIO_DEVICE_GET_INFO, info);
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
   * @throws DeviceException if it cannot be had, with words for a person: EACCES and EPERM without the rights, EBUSY if
   *     another program has it, ENODEV if no VFIO driver is bound to it, EPERM if its group has devices that are bound
   *     to other drivers
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

  /** Tells whether a file is not there, or there for others. */
  private static boolean isInaccessible(Errno errno) {
    return errno.equals(Errno.ENOENT) || errno.equals(Errno.EACCES) || errno.equals(Errno.EPERM);
  }

  private static KernelDevice open(HostDevice host, KernelInterface by, KernelOptions options)
      throws DeviceException {
    DeviceOpener opening = new DeviceOpener(host);
    Attachment attachment = switch (by) {
      case GROUP -> GroupAttachment.open(opening, options.calls());
      case CDEV -> CdevAttachment.open(opening, options.calls());
    };
    try {
      return new KernelDevice(host, by, attachment);
    } catch (Throwable t) {
      attachment.close();
      throw t;
    }
  }

  /** Returns the device as sysfs shows it. */
  public HostDevice host() {
    return host;
  }

  /** Returns how it was opened. */
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

  /** Tells whether the device says when new initial data has arrived ({@code VFIO_PRECOPY_INFO_REINIT}). */
  public boolean reportsReinit() {
    return migration.reportsReinit();
  }

  /**
   * Asks the driver for all features by VFIO_DEVICE_FEATURE, known here or not. This changes nothing.
   *
   * @throws DeviceException if the device cannot be asked
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

  /** {@inheritDoc} {@code VFIO_DEVICE_RESET}, from any state. Some drivers that know it do not say so. */
  @Override
  public void reset() throws DeviceException {
    int result = attachment.device().tryIoctl(Ioctl.VFIO_DEVICE_RESET, MemorySegment.NULL);
    if (result < 0 && (flags & DeviceInfo.RESET) == 0) {
      Errno errno = new Errno(-result);
      throw new DeviceException(host.address(), "reset", errno,
          "%s: reset: %s; its driver never said that it could be reset".formatted(host.address(), errno),
          null);
    }
    attachment.device().requireSuccess("reset", result);
    migration.onReset();
  }

  @Override
  public OptionalLong stopCopyLength() throws DeviceException {
    return migration.stopCopyLength();
  }

  /** {@inheritDoc} The device's own, else the one that its IOMMU or the container keeps. */
  @Override
  public Optional<DmaLog> dmaLog() {
    return Optional.ofNullable(dmaLog);
  }

  /** Returns how many regions it has, unsigned. */
  public int regionCount() {
    return regionCount;
  }

  /** Returns how many interrupt indexes it has, unsigned. */
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
   * Lets the device reach memory of this process, {@code VFIO_IOMMU_MAP_DMA} or {@code IOMMU_IOAS_MAP}. The memory must
   * stay until {@link #unmapDma} or {@link #close()}.
   *
   * @param range where the device sees it: whole pages
   * @param memory native memory, as long as the range, beginning at a page
   * @param isWritable whether the device may write
   * @throws DeviceException EEXIST if there is memory already, EINVAL for what are no whole pages, ENOMEM beyond the
   *     process's limit of locked memory (ulimit -l)
   */
  public void mapDma(IovaRange range, MemorySegment memory, boolean isWritable) throws DeviceException {
    if (!memory.isNative() || memory.byteSize() != range.length() || (isWritable && memory.isReadOnly())) {
      throw new IllegalArgumentException(
          "%s is to be native memory of %d bytes%s".formatted(memory, range.length(),
              isWritable ? " to be written to" : ""));
    }
    attachment.map(range, memory, isWritable);
  }

  /**
   * Takes memory away from the device.
   *
   * @param range as it was mapped
   * @throws DeviceException ENOENT or EINVAL if it was not
   */
  public void unmapDma(IovaRange range) throws DeviceException {
    attachment.unmap(range);
  }

  KernelMigration migration() {
    return migration;
  }

  /** Lets go of the device as it is, and of all that was mapped for it. */
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
