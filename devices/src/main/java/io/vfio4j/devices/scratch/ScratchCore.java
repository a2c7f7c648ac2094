// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.scratch;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.model.Arc;
import io.vfio4j.model.ArcException;
import io.vfio4j.model.DataSession;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.DeviceStateMachine;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.Reached;
import io.vfio4j.model.TransitionException;
import io.vfio4j.vfiouser.DeviceDescription;
import io.vfio4j.vfiouser.DmaMemory;
import io.vfio4j.vfiouser.Interrupts;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** A scratch device that has its memory and its way to the bus: regions, states, data sessions. */
final class ScratchCore implements AutoCloseable {

  private final ScratchConfig config;
  private final ScratchMemory memory;
  private final Consumer<String> log;
  private final ScratchFaults faults;
  private final PciConfigSpace pci;
  private final MsixTable msix = new MsixTable();
  private final ScratchParts parts;
  private final ScratchRegisters registers;
  private final DeviceStateMachine machine;
  private @Nullable ScratchSaving saving;
  private @Nullable ScratchResuming resuming;

  ScratchCore(ScratchConfig config, ScratchMemory memory, DmaMemory bus, Interrupts interrupts,
      Consumer<String> log,
      LongSupplier nanoTime) {
    this.config = config;
    this.memory = memory;
    this.log = line -> log.accept(config.name() + ": " + line);
    this.faults = new ScratchFaults(config, nanoTime);
    this.pci = new PciConfigSpace(ScratchLayout.memoryBarSize(config.memorySize()));
    this.parts = ScratchParts.create(memory, bus, new InterruptLines(interrupts, pci), nanoTime);
    this.registers = new ScratchRegisters(parts, bus, () -> state().isRunning(), this.log);
    this.machine = new DeviceStateMachine(config.name(), config.features(), this::take, this::changed);
    parts.enter(DeviceState.RUNNING);
  }

  DeviceState state() {
    return machine.state();
  }

  void readRegion(int region, long offset, MemorySegment into) throws ErrnoException {
    switch (region) {
      case ScratchLayout.REGISTERS_BAR -> WordAccess.read(registers, (int) offset, into);
      case ScratchLayout.MEMORY_BAR -> memory.read(offset, into);
      case ScratchLayout.MSIX_BAR -> WordAccess.read(msix, (int) offset, into);
      case DeviceDescription.CONFIG_REGION -> pci.read((int) offset, into, parts.lines().isIntxPending());
      default -> throw noRegion(region);
    }
  }

  void writeRegion(int region, long offset, MemorySegment data) throws ErrnoException {
    switch (region) {
      case ScratchLayout.REGISTERS_BAR -> writeWords(registers, region, offset, data);
      case ScratchLayout.MEMORY_BAR -> memory.write(offset, data);
      case ScratchLayout.MSIX_BAR -> writeWords(msix, region, offset, data);
      case DeviceDescription.CONFIG_REGION -> {
        pci.write((int) offset, data);
        parts.lines().update();
      }
      default -> throw noRegion(region);
    }
  }

  private void writeWords(WordAccess.Registers words, int region, long offset, MemorySegment data) {
    if (!WordAccess.write(words, (int) offset, data)) {
      log.accept("ignored a write of %d bytes at 0x%x of BAR%d: registers are written by 4 or 8"
          .formatted(data.byteSize(), offset, region));
    }
  }

  private static ErrnoException noRegion(int region) {
    return new ErrnoException(Errno.EINVAL, "there is no region " + region);
  }

  void haltAllDma(boolean halt) {
    parts.gate().haltAll(halt);
    parts.enter(state());
  }

  Reached moveTo(DeviceState target) throws TransitionException {
    if (!config.features().canMigrate()) {
      throw new TransitionException(config.name(), state(), target, Errno.ENOTTY, state(), null);
    }
    return machine.moveTo(target);
  }

  /** Takes one arc. What has to happen whatever the way to a state is in {@link #changed}. */
  private Optional<DataSession> take(Arc arc) throws ArcException {
    faults.before(arc);
    parts.leave(arc.from(), arc.to());
    if (resuming != null) {
      load(resuming);
    }
    if (arc.opensSaving()) {
      saving = openSaving(arc);
    }
    if (arc.to() == DeviceState.STOP_COPY && saving != null) {
      saving.stop();
    }
    if (arc.opensSaving() && saving != null) {
      return Optional.of(faults.around(saving));
    }
    if (arc.opensResuming()) {
      resuming = new ScratchResuming(config.name(), memory);
      return Optional.of(faults.around(resuming));
    }
    return Optional.empty();
  }

  private ScratchSaving openSaving(Arc arc) throws ArcException {
    // In STOP_COPY nothing changes any more, so there is nothing to compare.
    boolean compares = config.mappable() && arc.to() != DeviceState.STOP_COPY;
    PagesToSend pages;
    try {
      pages =
          new PagesToSend(memory, compares ? Optional.of(Shadow.create(memory.size())) : Optional.empty());
    } catch (LinuxException e) {
      throw new ArcException(e.errno(), false, "no memory to compare with at " + arc);
    }
    memory.track(pages);
    return new ScratchSaving(config.name(), memory.size(), pages, this::saveRegisters);
  }

  private void load(ScratchResuming loaded) throws ArcException {
    if (!loaded.isComplete()) {
      throw new ArcException(Errno.EINVAL, false, "the state that was written is damaged or not complete");
    }
    ByteBuffer image = loaded.registers();
    registers.load(image);
    parts.load(image, faults);
  }

  /**
   * Returns the registers as they are saved. Config space and MSI-X table are not among them: they are a
   * driver's.
   */
  private ByteBuffer saveRegisters() {
    ByteBuffer image = ByteBuffer.allocate(StreamFormat.REGISTERS_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    registers.save(image);
    parts.save(image);
    return image;
  }

  /** Hears of every change of state, by arc, failure or reset. */
  private void changed(DeviceState from, DeviceState to, String reason) {
    if (saving != null && !to.isSaving()) {
      memory.track(null);
      saving.close();
      saving = null;
    }
    if (resuming != null && to != DeviceState.RESUMING) {
      resuming.close();
      resuming = null;
    }
    parts.enter(to);
  }

  OptionalLong stopCopyLength() {
    if (!config.features().canMigrate()) {
      return OptionalLong.empty();
    }
    long length = saving != null ? saving.left() : ScratchSaving.wholeLength(memory.pages());
    return faults.announced().orElse(OptionalLong.of(length));
  }

  void reset() {
    parts.reset();
    registers.reset();
    pci.reset();
    msix.reset();
    // Last: a device that runs shows its interrupts, and there are none of before.
    machine.wasReset("reset");
  }

  long runDue(long now) {
    // SET_IRQS may have switched MSI-X on or off.
    parts.lines().update();
    return parts.runDue(state(), now);
  }

  @Override
  public void close() {
    if (saving != null) {
      memory.track(null);
      saving.close();
    }
    if (resuming != null) {
      resuming.close();
    }
  }
}
