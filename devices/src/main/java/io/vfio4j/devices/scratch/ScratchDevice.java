// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.scratch;

import io.vfio4j.linux.Fd;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.Reached;
import io.vfio4j.model.TransitionException;
import io.vfio4j.vfiouser.DeviceDescription;
import io.vfio4j.vfiouser.DeviceDescription.Region;
import io.vfio4j.vfiouser.DmaMemory;
import io.vfio4j.vfiouser.EmulatedDevice;
import io.vfio4j.vfiouser.Interrupts;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A PCI device made for testing migration: internal memory of any size, a DMA engine, interrupts, a generator
 * of DMA traffic and one of internal changes. {@link ScratchLayout} has its registers.
 *
 * <p>
 * Its methods are called by one thread at a time, and everything that takes time is done in {@link #runDue}.
 */
public final class ScratchDevice implements EmulatedDevice {

  private final ScratchConfig config;
  private final DeviceDescription description;
  private final ScratchMemory memory;
  private final Consumer<String> log;
  private final LongSupplier nanoTime;
  private @Nullable ScratchCore core;

  /**
   * Makes a device that says nothing and lives by the system's clock.
   *
   * @param config what it is to be like
   * @throws IOException if the memory cannot be had, or the file with its content cannot be read
   * @throws IllegalArgumentException if a fault is for an arc that a device with these features never takes
   */
  public ScratchDevice(ScratchConfig config) throws IOException {
    this(config, line -> {
    }, System::nanoTime);
  }

  /**
   * Makes a device.
   *
   * @param config what it is to be like
   * @param log hears of accesses that were ignored, one line each
   * @param nanoTime the clock that {@link #runDue} is called by, in nanoseconds
   * @throws IOException if the memory cannot be had, or the file with its content cannot be read
   * @throws IllegalArgumentException if a fault is for an arc that a device with these features never takes
   */
  public ScratchDevice(ScratchConfig config, Consumer<String> log, LongSupplier nanoTime) throws IOException {
    ScratchFaults.check(config);
    this.config = config;
    this.log = log;
    this.nanoTime = nanoTime;
    this.description = describe(config);
    this.memory = ScratchMemory.create(config);
  }

  private static DeviceDescription describe(ScratchConfig config) {
    Region small = new Region(ScratchLayout.SMALL_BAR_SIZE, true, false);
    Region memory = new Region(ScratchLayout.memoryBarSize(config.memorySize()), true, config.mappable());
    Region pci = new Region(ScratchLayout.CONFIG_SIZE, true, false);
    return new DeviceDescription("scratch",
        List.of(small, Region.NONE, memory, Region.NONE, small, Region.NONE, Region.NONE, pci, Region.NONE),
        List.of(1, 0, ScratchLayout.VECTORS, 0, 0));
  }

  /** Returns what the device was made from. */
  public ScratchConfig config() {
    return config;
  }

  @Override
  public DeviceDescription description() {
    return description;
  }

  @Override
  public void attach(DmaMemory dma, Interrupts interrupts) {
    if (core != null) {
      throw new IllegalStateException(config.name() + " is attached already");
    }
    core = new ScratchCore(config, memory, dma, interrupts, log, nanoTime);
  }

  private ScratchCore core() {
    if (core == null) {
      throw new IllegalStateException(config.name() + " is not attached yet");
    }
    return core;
  }

  @Override
  public void readRegion(int region, long offset, MemorySegment into) throws ErrnoException {
    core().readRegion(region, offset, into);
  }

  @Override
  public void writeRegion(int region, long offset, MemorySegment data) throws ErrnoException {
    core().writeRegion(region, offset, data);
  }

  @Override
  public Optional<Fd> regionFile(int region) {
    return region == ScratchLayout.MEMORY_BAR ? memory.file() : Optional.empty();
  }

  @Override
  public MigrationFeatures features() {
    return config.features();
  }

  @Override
  public DeviceState state() {
    return core().state();
  }

  /**
   * {@inheritDoc}
   *
   * @throws TransitionException ENOTTY if the device was made without migration; EINVAL if there is no way,
   *     or on leaving RESUMING if what was written is damaged or not complete; and what {@link Fault}s say
   */
  @Override
  public Reached moveTo(DeviceState target) throws TransitionException {
    return core().moveTo(target);
  }

  @Override
  public void haltAllDma(boolean halt) {
    core().haltAllDma(halt);
  }

  @Override
  public OptionalLong stopCopyLength() {
    return core().stopCopyLength();
  }

  @Override
  public void reset() {
    core().reset();
  }

  @Override
  public long runDue(long now) {
    return core().runDue(now);
  }

  @Override
  public void close() {
    if (core != null) {
      core.close();
    }
    memory.close();
  }
}
