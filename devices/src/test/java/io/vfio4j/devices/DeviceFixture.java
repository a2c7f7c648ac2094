// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.ResumingSession;
import io.vfio4j.model.SavingSession;
import io.vfio4j.model.TransitionException;
import io.vfio4j.vfiouser.device.EmulatedDevice;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/** A device under test, on a fake bus. */
public class DeviceFixture<D extends EmulatedDevice> implements AutoCloseable {

  /** Creates a device for a test. */
  public interface Factory<D> {
    /** Creates the device with a log and a clock. */
    D create(DeviceSetup setup) throws IOException;
  }

  public final FakeBus bus = new FakeBus();
  public final List<String> log = new ArrayList<>();
  public final TestClock clock;
  public final D device;

  /** Creates and attaches a device. */
  public DeviceFixture(Factory<D> maker, TestClock clock) throws IOException {
    this.clock = clock;
    this.device = maker.create(DeviceSetup.named("device").withLog(log::add).withClock(clock));
    device.attach(bus, bus);
  }

  /** Creates and attaches a device with a given clock. */
  public static <D extends EmulatedDevice> DeviceFixture<D> of(Factory<D> maker) throws IOException {
    return new DeviceFixture<>(maker, new TestClock());
  }

  /** Reads bytes of a region. */
  public byte[] read(int region, long offset, int length) throws ErrnoException {
    MemorySegment into = Arena.ofAuto().allocate(length);
    into.fill((byte) 0x5a);
    device.readRegion(region, offset, into);
    return into.toArray(ValueLayout.JAVA_BYTE);
  }

  /** Writes bytes to a region. */
  public void write(int region, long offset, byte... data) throws ErrnoException {
    device.writeRegion(region, offset, segment(data));
  }

  /** Returns native memory that holds the given bytes. */
  public static MemorySegment segment(byte... data) {
    MemorySegment segment = Arena.ofAuto().allocate(Math.max(1, data.length)).asSlice(0, data.length);
    return segment.copyFrom(MemorySegment.ofArray(data));
  }

  /** Reads a register of 8 bits. */
  public int get8(int region, int offset) throws ErrnoException {
    return read(region, offset, 1)[0] & 0xff;
  }

  /** Reads a register of 32 bits. */
  public int get32(int region, int offset) throws ErrnoException {
    return MemorySegment.ofArray(read(region, offset, 4)).get(JAVA_INT_UNALIGNED, 0);
  }

  /** Reads a register of 64 bits. */
  public long get64(int region, int offset) throws ErrnoException {
    return MemorySegment.ofArray(read(region, offset, 8)).get(JAVA_LONG_UNALIGNED, 0);
  }

  /** Writes a register of 32 bits. */
  public void set32(int region, int offset, int value) throws ErrnoException {
    MemorySegment data = Arena.ofAuto().allocate(4);
    data.set(JAVA_INT_UNALIGNED, 0, value);
    device.writeRegion(region, offset, data);
  }

  /** Writes a register of 64 bits. */
  public void set64(int region, int offset, long value) throws ErrnoException {
    MemorySegment data = Arena.ofAuto().allocate(8);
    data.set(JAVA_LONG_UNALIGNED, 0, value);
    device.writeRegion(region, offset, data);
  }

  /** Reads 32 bits of the config space. */
  public int config32(int offset) throws ErrnoException {
    return get32(7, offset);
  }

  /** Runs the due work until none is left, and returns when more is due. */
  public long runUntilIdle() {
    long next;
    do {
      next = device.runDue(clock.now());
    } while (next <= clock.now());
    return next;
  }

  /** Advances the clock in steps, like a server that calls when the device requests it. */
  public void run(long nanos) {
    long end = clock.now() + nanos;
    while (clock.now() < end) {
      clock.advance(Math.min(runUntilIdle(), end) - clock.now());
    }
    runUntilIdle();
  }

  /** Moves the device to a state that opens a saving session. */
  public SavingSession save(DeviceState target) throws TransitionException {
    return device.moveTo(target).savingSession();
  }

  /** Moves the device to RESUMING. */
  public ResumingSession resume() throws TransitionException {
    return device.moveTo(DeviceState.RESUMING).resumingSession();
  }

  /** Reads a session until it has no data at the moment, or to its end. */
  public static byte[] drain(SavingSession session, int most) throws DeviceException {
    MemorySegment into = Arena.ofAuto().allocate(most);
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (long got; (got = session.read(into)) > 0;) {
      all.writeBytes(into.asSlice(0, got).toArray(ValueLayout.JAVA_BYTE));
    }
    return all.toByteArray();
  }

  /** Moves the device to STOP_COPY, and returns its whole state. */
  public byte[] saved() throws TransitionException, DeviceException {
    return drain(save(DeviceState.STOP_COPY), 1 << 20);
  }

  /** Loads a state, and leaves the device in STOP. */
  public void load(byte[] state) throws TransitionException, DeviceException {
    resume().write(segment(state));
    device.moveTo(DeviceState.STOP);
  }

  @Override
  public void close() {
    device.close();
  }
}
