// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import io.vfio4j.model.ErrnoException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A device with a declaration of each kind. */
final class TestPciDevice extends PciDevice {

  static final int REGISTERS = 0;
  static final int MEMORY = 2;
  static final int PORTS = 4;
  static final int MSIX_TABLE = 0x800;
  static final int MSIX_PENDING = 0xc00;
  static final int MEMORY_PAGES = 3;

  static final int STATUS = 0x04;
  static final int TIMER = 0x08;
  static final int COPY = 0x10;
  static final int RATE = 0x14;
  static final int COUNT = 0x18;
  static final int VALUE = 0x20;
  static final int SIGNAL = 0x28;

  final Bar bar0 = bar(REGISTERS, BarKind.MEMORY_32, 4096);
  final RegisterBank registers = bar0.registers("REGISTERS", 0, MSIX_TABLE);
  final MessageInterrupts msi = msi(4);
  final MessageInterrupts msix = msix(3, bar0, MSIX_TABLE, MSIX_PENDING);
  final Intx intx = intx();
  final InterruptStatus interrupts = interruptStatus(registers.register32("STATUS", STATUS), 3);
  final DeviceMemory memory;
  final DeviceMemory hidden;
  final DeviceTimer timer = timer("timer", () -> interrupts.raise(1));
  final DmaTask copy = dmaTask("copy", DmaRange.ANYWHERE, this::copy);
  final DevicePacer pacer = dmaPacer("pacer", DmaRange.ANYWHERE, this::count);
  final Register count = registers.register64("COUNT", COUNT).readOnly();
  final StateField field = field("field").resetsTo(7);
  final byte[] bytes = new byte[5];
  int copies;
  int loads;

  TestPciDevice(DeviceSetup setup) throws IOException {
    super("test", PciIds.of(0x1234, 0x5678).withRevision(3), setup);
    registers.register32("ID", 0).constant(0xcafe);
    registers.register64("TIMER", TIMER).writeOnly().onWrite(timer::start);
    registers.register32("COPY", COPY).onCommand(pieces -> {
      field.set(pieces);
      copy.start();
    });
    registers.register32("RATE", RATE).onWrite(rate -> pacer.rate(rate));
    registers.register64("VALUE", VALUE);
    registers.register32("SIGNAL", SIGNAL).onWrite(vector -> msix.signal((int) vector));
    memory = bar(MEMORY, BarKind.PREFETCHABLE_64, 4 * MemorySpec.PAGE_SIZE)
        .memory(MemorySpec.of("memory", MEMORY_PAGES * MemorySpec.PAGE_SIZE));
    hidden = memory(MemorySpec.of("hidden", 2 * MemorySpec.PAGE_SIZE));
    bar(PORTS, BarKind.IO, 32).registers().register8("PORT", 1).resetsTo(0x11);
    powerManagement();
    vendorCapability(new byte[] {1, 2, 3}, new byte[] {0, 0xf, 0});
    pciExpress();
    bytes("bytes", bytes);
  }

  private boolean copy() {
    copies++;
    field.set(field.value() - 1);
    try {
      dma().write(FakeBus.IOVA, memory.slice(0, Long.BYTES));
    } catch (ErrnoException e) {
      log("copying failed: " + e.errno());
      return false;
    }
    if (field.value() > 0) {
      return true;
    }
    interrupts.raise(0);
    return false;
  }

  private boolean count() {
    count.set(count.value() + 1);
    return true;
  }

  /** Attempts DMA without checking whether it is permitted. */
  void writeDma() throws ErrnoException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment data = arena.allocate(4);
      dma().write(FakeBus.IOVA, data);
    }
  }

  @Override
  protected void onLoaded() {
    loads++;
  }
}
