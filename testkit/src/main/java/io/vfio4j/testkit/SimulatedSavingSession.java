// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit;

import static io.vfio4j.testkit.SimulatedStreamFormat.HEADER_BYTES;
import static io.vfio4j.testkit.SimulatedStreamFormat.RECORD_BYTES;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.PreCopyInfo;
import io.vfio4j.model.SavingSession;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.Optional;

/** Saves a simulated device: all pages once, then pages that changed, and a checksum at the end. */
final class SimulatedSavingSession implements SavingSession {

  private final SimulatedDevice device;
  private final SimulatedState state;
  private final BitSet initial = new BitSet();
  private ByteBuffer pending = SimulatedState.record(HEADER_BYTES);
  private boolean headerRead;
  private boolean endWritten;
  private long extraRecords;
  private long position;
  private boolean ended;

  SimulatedSavingSession(SimulatedDevice device, SimulatedState state) {
    this.device = device;
    this.state = state;
    this.extraRecords = device.faults().ofType(Fault.StopCopyOverrun.class)
        .mapToLong(fault -> Math.ceilDiv(fault.bytes(), RECORD_BYTES)).sum();
    initial.set(0, state.pages());
    state.dirty().clear();
    pending.putInt(SimulatedStreamFormat.MAGIC).putInt(state.pages()).flip();
  }

  @Override
  public long read(MemorySegment into) throws DeviceException {
    device.countCall("read");
    requireOpen();
    device.simulateActivity();
    long room = Math.min(into.byteSize(), device.chunk());
    long read = 0;
    while (read < room && refill()) {
      long count = limitByFaults(Math.min(room - read, pending.remaining()));
      if (count == 0) {
        break;
      }
      MemorySegment.copy(MemorySegment.ofBuffer(pending), 0, into, read, count);
      pending.position(pending.position() + (int) count);
      headerRead = true;
      read += count;
      position += count;
    }
    device.advanceClock(read);
    return read > 0 ? read : device.machineState() == DeviceState.STOP_COPY ? END : NOTHING_NOW;
  }

  /** Prepares the next record if the previous one was consumed; returns whether there is data to read. */
  private boolean refill() {
    if (pending.hasRemaining()) {
      return true;
    }
    BitSet from = initial.isEmpty() ? state.dirty() : initial;
    int page = from.nextSetBit(0);
    boolean stopped = device.machineState() == DeviceState.STOP_COPY;
    if (page >= 0) {
      from.clear(page);
      pending = pageRecord(page);
    } else if (stopped && extraRecords > 0) {
      extraRecords--;
      pending = pageRecord(0);
    } else if (stopped && !endWritten) {
      endWritten = true;
      pending =
          SimulatedState.record(RECORD_BYTES).putInt(SimulatedStreamFormat.END_RECORD)
              .putInt(state.checksum())
              .rewind();
    } else {
      return false;
    }
    return true;
  }

  private ByteBuffer pageRecord(int page) {
    ByteBuffer record = SimulatedState.record(RECORD_BYTES).putInt(page);
    state.readPage(page, record);
    return record.flip();
  }

  /** Limits a read to what the fault plan permits. */
  private long limitByFaults(long count) throws DeviceException {
    long limited = count;
    for (Fault fault : device.faults().faults()) {
      switch (fault) {
        case Fault.StreamTruncation cut -> limited = Math.min(limited, Math.max(0, cut.atByte() - position));
        case Fault.ReadFailure fail when position + count > fail.atByte() ->
          throw new DeviceException(device.name(), "read at byte " + position, fail.errno());
        default -> {
          // Does not concern reads.
        }
      }
    }
    return limited;
  }

  @Override
  public Optional<PreCopyInfo> preCopyInfo() throws DeviceException {
    requireOpen();
    DeviceState at = device.machineState();
    if (at != DeviceState.PRE_COPY && at != DeviceState.PRE_COPY_P2P) {
      throw new DeviceException(device.name(), "pre-copy info in " + at, Errno.EINVAL);
    }
    long begun = headerRead || initial.isEmpty() ? pending.remaining() : HEADER_BYTES;
    long initialBytes = initial.isEmpty() ? 0 : begun + (long) initial.cardinality() * RECORD_BYTES;
    long dirtyBytes = (initial.isEmpty() ? begun : 0) + (long) state.dirty().cardinality() * RECORD_BYTES;
    return device.reportsPreCopyInfo() ? Optional.of(new PreCopyInfo(initialBytes, dirtyBytes, false))
        : Optional.empty();
  }

  /** Returns the bytes that a stop-copy would read now. */
  long remaining() {
    return pending.remaining() + (long) (initial.cardinality() + state.dirty().cardinality()) * RECORD_BYTES
        + (endWritten ? 0 : RECORD_BYTES);
  }

  private void requireOpen() throws DeviceException {
    if (ended) {
      throw new DeviceException(device.name(), "use of a session that has ended", Errno.ENODEV);
    }
  }

  /** Ends the session when the device leaves the saving states. */
  void end() {
    ended = true;
  }

  @Override
  public void close() {
    device.onSessionClosed();
  }
}
