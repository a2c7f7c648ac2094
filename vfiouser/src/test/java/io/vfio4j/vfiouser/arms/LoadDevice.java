// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.arms;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.TransitionException;
import io.vfio4j.model.TransitionResult;
import io.vfio4j.vfiouser.device.DeviceDescription;
import io.vfio4j.vfiouser.device.DmaMemory;
import io.vfio4j.vfiouser.device.Interrupts;
import io.vfio4j.vfiouser.testing.TestDevice;
import io.vfio4j.vfiouser.wire.LittleEndian;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A device that notices lost writes, whose registers are all part of its state: they are the beginning of BAR2.
 */
final class LoadDevice extends TestDevice {

  /** 64 bits, to be written with its value plus 1. */
  static final int SEQUENCE = 0x00;
  /** 64 bits: the first other value that was written to it. */
  static final int SKIPPED = 0x08;
  /** 64 bits: an IOVA of {@link #LENGTH} bytes to read, followed by as many to write with them. */
  static final int IOVA = 0x10;
  /** 32 bits: writing copies, and raises {@link #VECTOR} and INTx. */
  static final int GO = 0x18;
  /** 32 bits: the errno of the copy. */
  static final int RESULT = 0x1c;
  /** 32 bits: not 0 while INTx is high; writing 0 makes it low. */
  static final int LEVEL = 0x20;
  /** 32 bits: writing writes the buffer to the second half of the memory once more. */
  static final int AGAIN = 0x24;
  /** Bytes of a copy, each way. */
  static final int LENGTH = 24 << 10;
  /** Without an effect, from here on. */
  static final int WORDS = 0x100;
  static final int VECTOR = 3;

  private static final int BUFFER = 0x1000;

  private @Nullable DmaMemory guest;
  private @Nullable Interrupts raised;
  private volatile boolean writtenInStopCopy;

  LoadDevice() throws LinuxException {
    super(MigrationFeatures.ALL);
  }

  @Override
  public void attach(DmaMemory dmaMemory, Interrupts deviceInterrupts) {
    super.attach(dmaMemory, deviceInterrupts);
    guest = dmaMemory;
    raised = deviceInterrupts;
  }

  @Override
  public void writeRegion(int region, long offset, MemorySegment data) throws ErrnoException {
    if (region != BAR2) {
      super.writeRegion(region, offset, data);
      return;
    }
    writtenInStopCopy |= state() == DeviceState.STOP_COPY;
    if (offset == SEQUENCE) {
      checkSequence(data.get(LittleEndian.U64, 0));
    }
    super.writeRegion(region, offset, data);
    if (offset == GO || offset == AGAIN) {
      memory().set(LittleEndian.U32, RESULT, copy(offset == GO));
    }
    if (offset == GO) {
      memory().set(LittleEndian.U32, LEVEL, 1);
      Objects.requireNonNull(raised).trigger(DeviceDescription.MSIX, VECTOR);
    }
    updateIntx();
  }

  private void checkSequence(long written) {
    boolean isNext = written == memory().get(LittleEndian.U64, SEQUENCE) + 1;
    if (!isNext && memory().get(LittleEndian.U64, SKIPPED) == 0) {
      memory().set(LittleEndian.U64, SKIPPED, written);
    }
  }

  /** Returns whether a register was written while the state was being saved. From any thread. */
  boolean isWrittenInStopCopy() {
    return writtenInStopCopy;
  }

  private int copy(boolean reads) {
    long iova = memory().get(LittleEndian.U64, IOVA);
    MemorySegment buffer = memory().asSlice(BUFFER, LENGTH);
    try {
      DmaMemory reached = Objects.requireNonNull(guest);
      if (reads) {
        reached.read(iova, buffer);
      }
      reached.write(iova + LENGTH, buffer);
      return 0;
    } catch (ErrnoException e) {
      return e.errno().number();
    }
  }

  /** INTx follows the level also while the device is stopped, so that the new server knows it before it has the line. */
  @Override
  public TransitionResult moveTo(DeviceState target) throws TransitionException {
    try {
      return super.moveTo(target);
    } finally {
      updateIntx();
    }
  }

  private void updateIntx() {
    Objects.requireNonNull(raised).intxLevel(memory().get(LittleEndian.U32, LEVEL) != 0);
  }
}
