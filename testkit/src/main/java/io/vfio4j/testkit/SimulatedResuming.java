// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit;

import io.vfio4j.model.ArcException;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ResumingSession;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/** Writes a state into a simulated device, and checks it before the device may leave RESUMING. */
final class SimulatedResuming implements ResumingSession {

  private final SimulatedDevice device;
  private final SimulatedState state;
  private ByteBuffer record = SimulatedState.record(SimulatedStream.HEADER_BYTES);
  private boolean headerTaken;
  private boolean complete;
  /** A state of which a write was refused can only be reset. */
  private boolean refused;
  private boolean over;
  private long position;

  SimulatedResuming(SimulatedDevice device, SimulatedState state) {
    this.device = device;
    this.state = state;
  }

  @Override
  public void write(MemorySegment data) throws DeviceException {
    device.call("write");
    if (over) {
      throw refused(Errno.ENODEV);
    }
    for (Fault.FailWrite fail : device.faults().all(Fault.FailWrite.class).toList()) {
      if (position + data.byteSize() > fail.atByte()) {
        throw refused(fail.errno());
      }
    }
    long end = position + data.byteSize();
    for (Fault.HoldWrite hold : device.faults().all(Fault.HoldWrite.class).toList()) {
      if (end > hold.atByte()) {
        holdUp(hold);
      }
    }
    for (ByteBuffer from = data.asByteBuffer(); from.hasRemaining();) {
      fill(from);
      if (!record.hasRemaining()) {
        take(record.flip());
      }
    }
    device.spend(data.byteSize());
    device.faults().all(Fault.NoteWrite.class).filter(note -> end > note.atByte())
        .forEach(note -> note.reached().countDown());
  }

  private void holdUp(Fault.HoldWrite hold) throws DeviceException {
    try {
      hold.until().await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new DeviceException(device.name(), "write at byte " + position, Errno.EINTR);
    }
  }

  private void fill(ByteBuffer from) throws DeviceException {
    if (complete) {
      throw refused(Errno.EINVAL);
    }
    int count = Math.min(record.remaining(), from.remaining());
    record.put(from.slice(from.position(), count));
    from.position(from.position() + count);
    position += count;
  }

  private void take(ByteBuffer whole) throws DeviceException {
    if (!headerTaken) {
      takeHeader(whole);
      return;
    }
    int page = whole.getInt();
    if (page == SimulatedStream.END_RECORD) {
      takeEnd(whole);
    } else if (page < 0 || page >= state.pages()) {
      throw refused(Errno.EBADMSG);
    } else {
      state.writePage(page, whole);
    }
    record.clear();
  }

  private void takeHeader(ByteBuffer header) throws DeviceException {
    if (header.getInt() != SimulatedStream.MAGIC || header.getInt() != state.pages()) {
      throw refused(Errno.EINVAL);
    }
    headerTaken = true;
    record = SimulatedState.record(SimulatedStream.RECORD_BYTES);
  }

  private void takeEnd(ByteBuffer end) throws DeviceException {
    if (end.getInt() != state.checksum()) {
      throw refused(Errno.EBADMSG);
    }
    while (end.hasRemaining()) {
      if (end.get() != 0) { // It is as long as any record, and the rest is empty.
        throw refused(Errno.EBADMSG);
      }
    }
    complete = true;
  }

  private DeviceException refused(Errno errno) {
    refused = true;
    return new DeviceException(device.name(), "write at byte " + position, errno);
  }

  /** The device leaves RESUMING. */
  void finish() throws ArcException {
    over = true;
    if (!complete || refused) {
      throw new ArcException(Errno.EINVAL, false, "the stream is damaged or not complete");
    }
  }

  /** The device has been reset. */
  void end() {
    over = true;
  }

  @Override
  public void close() {
    device.sessionClosed();
  }
}
