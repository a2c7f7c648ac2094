// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.arms;

import io.vfio4j.linux.EventFd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.info.IrqAction;
import io.vfio4j.vfiouser.client.VfioUserClient;
import io.vfio4j.vfiouser.device.DeviceDescription;
import io.vfio4j.vfiouser.testing.TestDevice;
import io.vfio4j.vfiouser.wire.LittleEndian;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.List;

/**
 * A VMM that keeps a {@link LoadDevice} busy, and checks everything: no write may be lost, every copy must be complete,
 * and an interrupt must come for each, and no other.
 */
final class Load {

  /** What went wrong. */
  enum Kind {
    CONNECTION, REGISTER, DMA, INTERRUPT_LOST, INTERRUPT_SPURIOUS
  }

  /** A check that failed. */
  static final class Deviation extends Exception {

    private static final long serialVersionUID = 1;

    private final Kind kind;

    Deviation(Kind kind, String message) {
      super(kind + ": " + message);
      this.kind = kind;
    }

    Kind kind() {
      return kind;
    }
  }

  /** The eventfds of the device's interrupts. */
  record Lines(EventFd msix, EventFd intx) implements AutoCloseable {

    static Lines create() throws LinuxException {
      EventFd msix = EventFd.create();
      try {
        return new Lines(msix, EventFd.create());
      } catch (LinuxException e) {
        msix.close();
        throw e;
      }
    }

    @Override
    public void close() {
      msix.close();
      intx.close();
    }
  }

  private static final int BAR = TestDevice.BAR2;
  private static final long IOVA = 0x10_0000;
  /** So many that some are usually in the server's buffer. */
  private static final int POSTED = 400;
  /** So many that a reply to the server is usually due. */
  private static final int WRITES_BY_DEVICE = 24;
  private static final int WORDS = 64;
  private final VfioUserClient vmm;
  private final MemorySegment posted;
  private final MemorySegment guest;
  private final EventFd msix;
  private final EventFd intx;
  private final Duration patience;
  private final long[] words = new long[WORDS];
  private long sequence;

  /**
   * Sets the device up.
   *
   * @param arena for the memory, which the client accesses from its threads
   * @param patience how long an interrupt may take
   */
  Load(VfioUserClient vmm, Lines lines, Arena arena, Duration patience) throws DeviceException {
    this.vmm = vmm;
    this.msix = lines.msix;
    this.intx = lines.intx;
    this.patience = patience;
    posted = arena.allocate(LittleEndian.U64);
    guest = arena.allocate(2L * LoadDevice.LENGTH, 4096);
    vmm.dma().map(IOVA, guest, true);
    vmm.irqs().assign(DeviceDescription.MSIX, LoadDevice.VECTOR, List.of(msix));
    vmm.irqs().assign(DeviceDescription.INTX, 0, List.of(intx));
    vmm.writeLong(BAR, LoadDevice.IOVA, IOVA);
  }

  /** Uses everything once. */
  void iterate(int iteration) throws Deviation {
    try {
      writeSequence();
      copy(iteration);
      takeInterrupts();
      writeWord(iteration);
    } catch (DeviceException | LinuxException e) {
      throw new Deviation(Kind.CONNECTION, "%s in iteration %d".formatted(e.getMessage(), iteration));
    }
  }

  private void writeSequence() throws DeviceException, Deviation {
    for (int i = 0; i < POSTED; i++) {
      posted.set(LittleEndian.U64, 0, ++sequence);
      vmm.regions().postWrite(BAR, LoadDevice.SEQUENCE, posted);
    }
    expect(Kind.REGISTER, "the number written last", vmm.readLong(BAR, LoadDevice.SEQUENCE), sequence);
    expect(Kind.REGISTER, "the number out of order", vmm.readLong(BAR, LoadDevice.SKIPPED), 0);
  }

  private void copy(int iteration) throws DeviceException, Deviation {
    MemorySegment from = guest.asSlice(0, LoadDevice.LENGTH);
    for (long at = 0; at < LoadDevice.LENGTH; at += Long.BYTES) {
      from.set(LittleEndian.U64, at, iteration * 0x9e3779b97f4a7c15L + at);
    }
    vmm.writeInt(BAR, LoadDevice.GO, iteration);
    for (int i = 0; i < WRITES_BY_DEVICE; i++) {
      vmm.writeInt(BAR, LoadDevice.AGAIN, i);
    }
    expect(Kind.DMA, "the errno of the copy", vmm.readInt(BAR, LoadDevice.RESULT), 0);
    expect(Kind.DMA, "the first byte that differs",
        from.mismatch(guest.asSlice(LoadDevice.LENGTH, LoadDevice.LENGTH)), -1);
  }

  private void takeInterrupts() throws DeviceException, LinuxException, Deviation {
    expectOne(msix, "MSI-X");
    expectOne(intx, "INTx");
    vmm.writeInt(BAR, LoadDevice.LEVEL, 0);
    vmm.irqs().apply(IrqAction.UNMASK, DeviceDescription.INTX, 0, 1);
  }

  private void expectOne(EventFd line, String name) throws LinuxException, Deviation {
    if (!line.await(patience)) {
      throw new Deviation(Kind.INTERRUPT_LOST, name);
    }
    expect(Kind.INTERRUPT_SPURIOUS, "the number of interrupts by " + name, line.drain(), 1);
  }

  private void writeWord(int iteration) throws DeviceException, Deviation {
    int index = iteration % WORDS;
    words[index] = iteration;
    vmm.writeLong(BAR, LoadDevice.WORDS + 8L * index, iteration);
    int other = iteration * 7 % WORDS;
    expect(Kind.REGISTER, "word " + other, vmm.readLong(BAR, LoadDevice.WORDS + 8L * other), words[other]);
  }

  private static void expect(Kind kind, String what, long seen, long due) throws Deviation {
    if (seen != due) {
      throw new Deviation(kind, "%s is %d instead of %d".formatted(what, seen, due));
    }
  }
}
