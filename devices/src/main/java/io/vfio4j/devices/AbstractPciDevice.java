// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import io.vfio4j.devices.state.StateBytes;
import io.vfio4j.devices.state.StateFormat;
import io.vfio4j.vfiouser.device.DmaMemory;
import java.io.IOException;
import java.util.function.BooleanSupplier;

/** What a device can consist of, and what it can use. */
abstract class AbstractPciDevice {

  private static final int MAX_MSIX_VECTORS = 2048;

  /** What has been declared so far. */
  final Declarations declarations;

  AbstractPciDevice(Declarations declarations) {
    this.declarations = declarations;
  }

  /**
   * Declares a region behind a base address register.
   *
   * @param index 0 to 5; a kind of 64 bits takes the next one too
   * @param kind what the register says of it
   * @param size bytes, a power of two: at least 16 of memory, 4 to 256 of I/O ports
   * @throws IllegalArgumentException if it cannot have that size, or the register is taken
   */
  protected final Bar bar(int index, BarKind kind, long size) {
    return declarations.addBar(index, kind, size);
  }

  /**
   * Declares memory that no region shows.
   *
   * @throws IOException if the memory cannot be had, or the file with its content cannot be read
   */
  protected final DeviceMemory memory(MemorySpec spec) throws IOException {
    return declarations.addMemory(DeviceMemory.create(spec, spec.size()));
  }

  /** Declares the legacy interrupt. */
  protected final Intx intx() {
    declarations.requireDeclaring();
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
   * Declares MSI-X interrupts, their capability, and the part of a region that has their table and pending bits.
   *
   * @param vectors 1 to 2048
   * @param bar the region
   * @param tableOffset where the table begins, 16 bytes a vector; a multiple of 8
   * @param pendingOffset where the pending bits begin, 8 bytes for 64 vectors; a multiple of 8
   * @throws IllegalArgumentException if it does not fit there
   */
  protected final MessageInterrupts msix(int vectors, Bar bar, long tableOffset, long pendingOffset) {
    if (vectors < 1 || vectors > MAX_MSIX_VECTORS || tableOffset % 8 != 0 || pendingOffset % 8 != 0) {
      throw new IllegalArgumentException(
          "%d vectors at 0x%x, pending bits at 0x%x: give 1 to %d, at multiples of 8"
              .formatted(vectors, tableOffset, pendingOffset, MAX_MSIX_VECTORS));
    }
    MsixTable table = new MsixTable(declarations, vectors);
    MessageInterrupts messages = declarations.addItem(declarations.interrupts().msix(vectors));
    bar.place(tableOffset, (long) vectors * MsixTable.ENTRY_BYTES, table);
    bar.place(pendingOffset, MsixPendingBits.bytes(vectors), new MsixPendingBits(messages));
    declarations.addTable(table);
    declarations.addCapability(Capabilities.msix(vectors, bar.index(), tableOffset, pendingOffset));
    return messages;
  }

  /**
   * Makes a register the status of interrupts that are raised by number: messages if somebody listens to them,
   * the level of INTx else. Interrupts are declared before.
   *
   * @param register tells which were raised, and has no other use
   * @param interrupts how many there are, at most the register's bits
   */
  protected final InterruptStatus interruptStatus(Register register, int interrupts) {
    return new InterruptStatus(declarations.interrupts(), register, interrupts);
  }

  /** Declares power management: the states D0 and D3hot, which change nothing (Power Management 1.2). */
  protected final void powerManagement() {
    declarations.addCapability(Capabilities.powerManagement());
  }

  /**
   * Declares the capability of an endpoint of PCI Express, and a config space of 4096 bytes. A function-level reset
   * that is asked for there resets the device (PCI Express Base 5.0, 7.5.3).
   */
  protected final void pciExpress() {
    declarations.addCapability(Capabilities.express(declarations::requestReset));
    extendedConfigSpace();
  }

  /**
   * Declares a capability of the vendor's own (PCI Local Bus 3.0, appendix H).
   *
   * @param content what follows id, next pointer and length, at most 128 bytes
   * @param writable which of its bits can be written
   */
  protected final void vendorCapability(byte[] content, byte[] writable) {
    declarations.addCapability(Capabilities.vendorSpecific(content, writable));
  }

  /** Declares a config space of 4096 bytes; else it has 256. */
  protected final void extendedConfigSpace() {
    declarations.extendConfigSpace();
  }

  /**
   * Declares a timer that runs while the device does.
   *
   * @param name what the saved state calls it; it must stay the same
   * @param action what to do; no DMA
   */
  protected final DeviceTimer timer(String name, Runnable action) {
    return declarations
        .addScheduled(new DeviceTimer(declarations, name, declarations.runState().clock(), action));
  }

  /** Declares a timer like {@link #timer} that runs while DMA to a range may be started, and may do it. */
  protected final DeviceTimer dmaTimer(String name, DmaRange range, Runnable action) {
    RunningClock clock = new RunningClock(declarations.setup().nanoTime());
    return declarations.addScheduledDma(range, clock, new DeviceTimer(declarations, name, clock, action));
  }

  /**
   * Declares what happens at a rate while the device runs.
   *
   * @param name what the saved state calls it; it must stay the same
   * @param event what to do, no DMA; false sets the rate to 0
   */
  protected final DevicePacer pacer(String name, BooleanSupplier event) {
    return declarations
        .addScheduled(new DevicePacer(declarations, name, declarations.runState().clock(), event));
  }

  /** Declares what happens at a rate like {@link #pacer} while DMA to a range may be started, and may do it. */
  protected final DevicePacer dmaPacer(String name, DmaRange range, BooleanSupplier event) {
    RunningClock clock = new RunningClock(declarations.setup().nanoTime());
    return declarations.addScheduledDma(range, clock, new DevicePacer(declarations, name, clock, event));
  }

  /**
   * Declares work with DMA.
   *
   * @param name what the saved state calls it; it must stay the same
   * @param range where it goes
   * @param piece does a piece, at most a few milliseconds long; tells whether there is more. It must come to an end
   */
  protected final DmaTask dmaTask(String name, DmaRange range, BooleanSupplier piece) {
    return declarations.addTask(new DmaTask(name, range, piece));
  }

  /**
   * Declares a number that belongs to the state.
   *
   * @param name what the saved state calls it; it must stay the same
   */
  protected final StateField field(String name) {
    return declarations.addItem(new StateField(declarations, name));
  }

  /**
   * Declares bytes that belong to the state; they are zeros after a reset.
   *
   * @param name what the saved state calls them; it must stay the same
   * @param bytes which; the device reads and writes them as it likes
   */
  protected final void bytes(String name, byte[] bytes) {
    declarations.addItem(new StateBytes(name, bytes));
  }

  /**
   * Declares the version of the saved state, 1 without this. A state of another version is refused (EINVAL). What is
   * new can often be {@link StateField#optional} instead.
   */
  protected final void stateVersion(int version) {
    declarations.stateVersion(version);
  }

  /**
   * Saves the state by hand, memory excepted, and not as it was declared.
   *
   * @param magic which kind of state it is, the first 8 bytes of a stream
   * @param version a state of another version is refused (EINVAL)
   * @param codec saves and loads it
   */
  protected final void stateCodec(long magic, int version, StateCodec codec) {
    declarations.useCodec(new StateFormat(magic, version, 0), codec);
  }

  /**
   * Returns the memory that the device may reach. What may not be started in the device's state fails with EBUSY: in
   * one that is stopped all of it, in one without peer-to-peer DMA what may go to a peer.
   */
  protected final DmaMemory dma() {
    return declarations.gate();
  }

  /** Tells whether the device runs. */
  protected final boolean isRunning() {
    return declarations.isRunning();
  }

  /** Writes a line to the log, which begins with the device's name. */
  protected final void log(String line) {
    declarations.log(line);
  }
}
