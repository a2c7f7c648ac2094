// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import io.vfio4j.devices.state.StateBytes;
import io.vfio4j.devices.state.StateFormat;
import io.vfio4j.vfiouser.device.DmaMemory;
import java.io.IOException;
import java.util.function.BooleanSupplier;

/** The declarations from which a device is composed, and the services available to it. */
abstract class AbstractPciDevice {

  private static final int MAX_MSIX_VECTORS = 2048;

  final Declarations declarations;

  AbstractPciDevice(Declarations declarations) {
    this.declarations = declarations;
  }

  /**
   * Declares a region behind a base address register.
   *
   * @param index 0 to 5; a 64-bit kind occupies the next register too
   * @param kind I/O ports or memory, 32 or 64 bits, prefetchable or not
   * @param size bytes, a power of two: at least 16 for memory, 4 to 256 for I/O ports
   * @throws IllegalArgumentException if the size is not valid for the kind, or a register is in use
   */
  protected final Bar bar(int index, BarKind kind, long size) {
    return declarations.addBar(index, kind, size);
  }

  /**
   * Declares memory that no region exposes.
   *
   * @throws IOException if the memory cannot be allocated, or the file with its content cannot be read
   */
  protected final DeviceMemory memory(MemorySpec spec) throws IOException {
    return declarations.addMemory(DeviceMemory.create(spec, spec.size(),
        declarations.context().setup().passesMemory()));
  }

  /** Declares the legacy interrupt. */
  protected final Intx intx() {
    declarations.context().requireDeclaring();
    return declarations.addItem(declarations.interrupts().intx());
  }

  /**
   * Declares MSI interrupts, and their capability.
   *
   * @param vectors 1, 2, 4, 8, 16 or 32
   */
  protected final MessageInterrupts msi(int vectors) {
    declarations.addCapability(Capabilities.msi(vectors));
    return declarations.addItem(declarations.interrupts().msi(vectors));
  }

  /**
   * Declares MSI-X interrupts, their capability, and the location of their table and pending bits in a region.
   *
   * @param vectors 1 to 2048
   * @param bar the region
   * @param tableOffset offset of the table, 16 bytes per vector; a multiple of 8
   * @param pendingOffset offset of the pending bits, 8 bytes per 64 vectors; a multiple of 8
   * @throws IllegalArgumentException if table or pending bits do not fit there
   */
  protected final MessageInterrupts msix(int vectors, Bar bar, long tableOffset, long pendingOffset) {
    if (vectors < 1 || vectors > MAX_MSIX_VECTORS || tableOffset % 8 != 0 || pendingOffset % 8 != 0) {
      throw new IllegalArgumentException(
          "%d vectors at 0x%x, pending bits at 0x%x: expected 1 to %d, at multiples of 8"
              .formatted(vectors, tableOffset, pendingOffset, MAX_MSIX_VECTORS));
    }
    MsixTable table = new MsixTable(declarations.context(), vectors);
    MessageInterrupts messages = declarations.addItem(declarations.interrupts().msix(vectors));
    bar.place(tableOffset, (long) vectors * MsixTable.ENTRY_BYTES, table);
    bar.place(pendingOffset, MsixPendingBits.bytes(vectors), new MsixPendingBits(messages));
    declarations.addTable(table);
    declarations.addCapability(Capabilities.msix(vectors, bar.index(), tableOffset, pendingOffset));
    return messages;
  }

  /**
   * Makes a register the interrupt status register. An interrupt raised there is a message if MSI-X or MSI is enabled,
   * and drives the level of INTx otherwise. INTx, MSI and MSI-X must be declared before.
   *
   * @param register the register, which has no other purpose
   * @param interrupts the number of interrupts, at most the number of bits of the register
   */
  protected final InterruptStatus interruptStatus(Register register, int interrupts) {
    return new InterruptStatus(declarations.interrupts(), register, interrupts);
  }

  /** Declares power management with D0 and D3hot; the state has no effect (Power Management 1.2). */
  protected final void powerManagement() {
    declarations.addCapability(Capabilities.powerManagement());
  }

  /**
   * Declares the capability of a PCI Express endpoint, and a config space of 4096 bytes. A function-level reset
   * requested there resets the device (PCI Express Base 5.0, 7.5.3).
   */
  protected final void pciExpress() {
    declarations.addCapability(Capabilities.express(declarations.context()::requestReset));
    extendedConfigSpace();
  }

  /**
   * Declares a vendor-specific capability (PCI Local Bus 3.0, appendix H).
   *
   * @param content the bytes after id, next pointer and length, at most 128
   * @param writable the mask of writable bits, as long as the content
   */
  protected final void vendorCapability(byte[] content, byte[] writable) {
    declarations.addCapability(Capabilities.vendorSpecific(content, writable));
  }

  /** Declares a config space of 4096 bytes; the default is 256. */
  protected final void extendedConfigSpace() {
    declarations.extendConfigSpace();
  }

  /**
   * Declares a timer whose clock runs while the device runs.
   *
   * @param name the name in the saved state, which must never change
   * @param action the action, which must not perform DMA
   */
  protected final DeviceTimer timer(String name, Runnable action) {
    return declarations
        .addScheduled(
            new DeviceTimer(declarations.context(), name, declarations.context().runState().clock(), action));
  }

  /** Declares a {@link #timer} that may perform DMA to a range; its clock runs while such DMA may start. */
  protected final DeviceTimer dmaTimer(String name, DmaRange range, Runnable action) {
    RunningClock clock = new RunningClock(declarations.context().setup().nanoTime());
    return declarations.addScheduledDma(range, clock,
        new DeviceTimer(declarations.context(), name, clock, action));
  }

  /**
   * Declares an event that recurs at a rate while the device runs.
   *
   * @param name the name in the saved state, which must never change
   * @param event the event, which must not perform DMA; it returns false to set the rate to 0
   */
  protected final DevicePacer pacer(String name, BooleanSupplier event) {
    return declarations
        .addScheduled(
            new DevicePacer(declarations.context(), name, declarations.context().runState().clock(), event));
  }

  /** Declares a {@link #pacer} that may perform DMA to a range; its clock runs while such DMA may start. */
  protected final DevicePacer dmaPacer(String name, DmaRange range, BooleanSupplier event) {
    RunningClock clock = new RunningClock(declarations.context().setup().nanoTime());
    return declarations.addScheduledDma(range, clock,
        new DevicePacer(declarations.context(), name, clock, event));
  }

  /**
   * Declares work that performs DMA.
   *
   * @param name the name in the saved state, which must never change
   * @param range the target of the DMA
   * @param step performs a part of the work that takes at most a few milliseconds, and accesses at most 64 KiB of DMA
   *     memory, which may be accessed by message; returns whether there is more. Quick steps run in succession. The work
   *     must be finite
   */
  protected final DmaTask dmaTask(String name, DmaRange range, BooleanSupplier step) {
    return declarations.addTask(new DmaTask(name, range, step));
  }

  /**
   * Declares a number that is part of the state.
   *
   * @param name the name in the saved state, which must never change
   */
  protected final StateField field(String name) {
    return declarations.addItem(new StateField(declarations.context(), name));
  }

  /**
   * Declares bytes that are part of the state. A reset sets them to zero.
   *
   * @param name the name in the saved state, which must never change
   * @param bytes the array, which the device reads and writes directly
   */
  protected final void bytes(String name, byte[] bytes) {
    declarations.addItem(new StateBytes(name, bytes));
  }

  /**
   * Declares the version of the saved state; the default is 1. A state of another version is refused (EINVAL). An
   * addition can often be {@link StateField#optional} instead.
   */
  protected final void stateVersion(int version) {
    declarations.stateVersion(version);
  }

  /**
   * Replaces the format of the saved state, except for memory, by that of a codec.
   *
   * @param magic the first 8 bytes of the stream, which identify the format
   * @param version the version of the format; a state of another version is refused (EINVAL)
   * @param codec saves and loads the state
   */
  protected final void stateCodec(long magic, int version, StateCodec codec) {
    declarations.useCodec(new StateFormat(magic, version, 0), codec);
  }

  /**
   * Returns the memory that the device can access by DMA. An access that must not start in the current state fails with
   * EBUSY: any access while the device is stopped, and one that may reach a peer in the P2P states.
   */
  protected final DmaMemory dma() {
    return declarations.gate();
  }

  /** Returns whether the device runs. */
  protected final boolean isRunning() {
    return declarations.context().isRunning();
  }

  /** Logs a line, prefixed with the device's name. The log is rate-limited. */
  protected final void log(String line) {
    declarations.context().log(line);
  }
}
