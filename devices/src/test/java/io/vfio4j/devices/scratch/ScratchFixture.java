// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.scratch;

import io.vfio4j.devices.DeviceFixture;
import io.vfio4j.devices.FakeBus;
import io.vfio4j.devices.TestClock;
import io.vfio4j.model.ErrnoException;
import java.io.IOException;

/** A scratch device under test, on a fake bus. */
final class ScratchFixture extends DeviceFixture<ScratchDevice> {

  static final int PAGE = ScratchLayout.PAGE_SIZE;

  ScratchFixture(ScratchConfig config, TestClock clock) throws IOException {
    super(setup -> new ScratchDevice(config, setup.log(), clock), clock);
  }

  static ScratchFixture of(ScratchConfig config) throws IOException {
    return new ScratchFixture(config, new TestClock());
  }

  static ScratchConfig config(int pages) {
    return ScratchConfig.named("scratch").withMemorySize((long) pages * PAGE);
  }

  static ScratchFixture withPages(int pages) throws IOException {
    return of(config(pages));
  }

  int get32(int offset) throws ErrnoException {
    return get32(0, offset);
  }

  long get64(int offset) throws ErrnoException {
    return get64(0, offset);
  }

  void set32(int offset, int value) throws ErrnoException {
    set32(0, offset, value);
  }

  void set64(int offset, long value) throws ErrnoException {
    set64(0, offset, value);
  }

  byte[] memory() throws ErrnoException {
    return read(ScratchLayout.MEMORY_BAR, 0, (int) device.config().memorySize());
  }

  /** Writes a command and runs it. */
  void command(int code, long iova, long offset, long length) throws ErrnoException {
    set64(ScratchLayout.DMA_IOVA, iova);
    set64(ScratchLayout.DMA_OFFSET, offset);
    set64(ScratchLayout.DMA_LENGTH, length);
    set32(ScratchLayout.COMMAND, code);
    runUntilIdle();
  }

  void traffic(int slots, int rate) throws ErrnoException {
    set64(ScratchLayout.TRAFFIC_IOVA, FakeBus.IOVA);
    set32(ScratchLayout.TRAFFIC_SLOTS, slots);
    set32(ScratchLayout.TRAFFIC_RATE, rate);
  }
}
