// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.scratch;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.ResumingSession;
import io.vfio4j.model.SavingSession;
import io.vfio4j.model.TransitionException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/** A scratch device on a bus of its own, in the hands of a test. */
final class Rig implements AutoCloseable {

  static final int PAGE = ScratchLayout.PAGE_SIZE;

  final FakeBus bus = new FakeBus();
  final List<String> log = new ArrayList<>();
  final Clock clock;
  final ScratchDevice device;

  Rig(ScratchConfig config, Clock clock) throws IOException {
    this.clock = clock;
    this.device = new ScratchDevice(config, log::add, clock);
    device.attach(bus, bus);
  }

  static Rig of(ScratchConfig config) throws IOException {
    return new Rig(config, new Clock());
  }

  static ScratchConfig config(int pages) {
    return ScratchConfig.named("scratch").withMemorySize((long) pages * PAGE);
  }

  static Rig withPages(int pages) throws IOException {
    return of(config(pages));
  }

  byte[] read(int region, long offset, int length) throws ErrnoException {
    MemorySegment into = Arena.ofAuto().allocate(length);
    into.fill((byte) 0x5a);
    device.readRegion(region, offset, into);
    return into.toArray(ValueLayout.JAVA_BYTE);
  }

  void write(int region, long offset, byte... data) throws ErrnoException {
    device.writeRegion(region, offset, segment(data));
  }

  static MemorySegment segment(byte... data) {
    MemorySegment segment = Arena.ofAuto().allocate(Math.max(1, data.length)).asSlice(0, data.length);
    return segment.copyFrom(MemorySegment.ofArray(data));
  }

  int get32(int offset) throws ErrnoException {
    return MemorySegment.ofArray(read(0, offset, 4)).get(JAVA_INT_UNALIGNED, 0);
  }

  long get64(int offset) throws ErrnoException {
    return MemorySegment.ofArray(read(0, offset, 8)).get(JAVA_LONG_UNALIGNED, 0);
  }

  void set32(int offset, int value) throws ErrnoException {
    set32(0, offset, value);
  }

  void set32(int region, int offset, int value) throws ErrnoException {
    MemorySegment data = Arena.ofAuto().allocate(4);
    data.set(JAVA_INT_UNALIGNED, 0, value);
    device.writeRegion(region, offset, data);
  }

  void set64(int offset, long value) throws ErrnoException {
    MemorySegment data = Arena.ofAuto().allocate(8);
    data.set(JAVA_LONG_UNALIGNED, 0, value);
    device.writeRegion(0, offset, data);
  }

  int config32(int offset) throws ErrnoException {
    return MemorySegment.ofArray(read(7, offset, 4)).get(JAVA_INT_UNALIGNED, 0);
  }

  byte[] memory() throws ErrnoException {
    return read(ScratchLayout.MEMORY_BAR, 0, (int) device.config().memorySize());
  }

  /** Gives a command, and lets it run. */
  void command(int code, long iova, long offset, long length) throws ErrnoException {
    set64(ScratchLayout.DMA_IOVA, iova);
    set64(ScratchLayout.DMA_OFFSET, offset);
    set64(ScratchLayout.DMA_LENGTH, length);
    set32(ScratchLayout.COMMAND, code);
    settle();
  }

  /** Does what is due, until nothing is. Returns when something will be. */
  long settle() {
    long next;
    do {
      next = device.runDue(clock.now());
    } while (next <= clock.now());
    return next;
  }

  /** Lets time pass, in steps of a server that calls when it is asked to. */
  void run(long nanos) {
    long end = clock.now() + nanos;
    while (clock.now() < end) {
      clock.advance(Math.min(settle(), end) - clock.now());
    }
    settle();
  }

  void traffic(int slots, int rate) throws ErrnoException {
    set64(ScratchLayout.TRAFFIC_IOVA, FakeBus.IOVA);
    set32(ScratchLayout.TRAFFIC_SLOTS, slots);
    set32(ScratchLayout.TRAFFIC_RATE, rate);
  }

  SavingSession save(DeviceState target) throws TransitionException {
    return device.moveTo(target).saving();
  }

  ResumingSession resume() throws TransitionException {
    return device.moveTo(DeviceState.RESUMING).resuming();
  }

  /** Reads a session until it has nothing now, or its end. */
  static byte[] drain(SavingSession session, int most) throws DeviceException {
    MemorySegment into = Arena.ofAuto().allocate(most);
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (long got; (got = session.read(into)) > 0;) {
      all.writeBytes(into.asSlice(0, got).toArray(ValueLayout.JAVA_BYTE));
    }
    return all.toByteArray();
  }

  /** Returns the whole state of the device, which is in STOP_COPY then. */
  byte[] saved() throws TransitionException, DeviceException {
    return drain(save(DeviceState.STOP_COPY), 1 << 20);
  }

  void load(byte[] state) throws TransitionException, DeviceException {
    resume().write(segment(state));
    device.moveTo(DeviceState.STOP);
  }

  @Override
  public void close() {
    device.close();
  }
}
