// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit;

import io.vfio4j.model.ArcException;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ResumingSession;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/** Loads a state into a simulated device, and verifies it before the device leaves RESUMING. */
final class SimulatedResumingSession implements ResumingSession {

  private final SimulatedDevice device;
  private final SimulatedState state;
  private ByteBuffer record = SimulatedState.record(SimulatedStreamFormat.HEADER_BYTES);
  private boolean headerLoaded;
  private boolean complete;
  /** Set once a write was refused; only a reset clears it. */
  private boolean refused;
  private boolean ended;
  private long position;

  SimulatedResumingSession(SimulatedDevice device, SimulatedState state) {
    this.device = device;
    this.state = state;
  }

  @Override
  public void write(MemorySegment data) throws DeviceException {
    device.countCall("write");
    if (ended) {
      throw refused(Errno.ENODEV);
    }
    for (Fault.WriteFailure fail : device.faults().ofType(Fault.WriteFailure.class).toList()) {
      if (position + data.byteSize() > fail.atByte()) {
        throw refused(fail.errno());
      }
    }
    long end = position + data.byteSize();
    for (Fault.WriteBlock hold : device.faults().ofType(Fault.WriteBlock.class).toList()) {
      if (end > hold.atByte()) {
        awaitRelease(hold);
      }
    }
    for (ByteBuffer from = data.asByteBuffer(); from.hasRemaining();) {
      fill(from);
      if (!record.hasRemaining()) {
        loadRecord(record.flip());
      }
    }
    device.advanceClock(data.byteSize());
    device.faults().ofType(Fault.WriteNotification.class).filter(note -> end > note.atByte())
        .forEach(note -> note.reached().countDown());
  }

  private void awaitRelease(Fault.WriteBlock hold) throws DeviceException {
    try {
      hold.release().await();
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

  private void loadRecord(ByteBuffer full) throws DeviceException {
    if (!headerLoaded) {
      loadHeader(full);
      return;
    }
    int page = full.getInt();
    if (page == SimulatedStreamFormat.END_RECORD) {
      checkEnd(full);
    } else if (page < 0 || page >= state.pages()) {
      throw refused(Errno.EBADMSG);
    } else {
      state.writePage(page, full);
    }
    record.clear();
  }

  private void loadHeader(ByteBuffer header) throws DeviceException {
    if (header.getInt() != SimulatedStreamFormat.MAGIC || header.getInt() != state.pages()) {
      throw refused(Errno.EINVAL);
    }
    headerLoaded = true;
    record = SimulatedState.record(SimulatedStreamFormat.RECORD_BYTES);
  }

  private void checkEnd(ByteBuffer end) throws DeviceException {
    if (end.getInt() != state.checksum()) {
      throw refused(Errno.EBADMSG);
    }
    while (end.hasRemaining()) {
      if (end.get() != 0) { // The end record is as long as any other; the rest must be zero.
        throw refused(Errno.EBADMSG);
      }
    }
    complete = true;
  }

  private DeviceException refused(Errno errno) {
    refused = true;
    return new DeviceException(device.name(), "write at byte " + position, errno);
  }

  /** Verifies the state as the device leaves RESUMING. */
  void finish() throws ArcException {
    ended = true;
    if (!complete || refused) {
      throw new ArcException(Errno.EINVAL, false, "the stream is corrupt or incomplete");
    }
  }

  /** Ends the session when the device is reset. */
  void end() {
    ended = true;
  }

  @Override
  public void close() {
    device.onSessionClosed();
  }
}
