// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.PreCopyInfo;
import io.vfio4j.model.SavingSession;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;

/** Reads a misbehaving device out. */
final class MisbehavingSaving implements SavingSession {

  private final MisbehavingDevice device;
  private final SavingSession honest;
  private final ByteArrayOutputStream all = new ByteArrayOutputStream();
  private boolean ended;
  private boolean killed;
  private boolean outlives;

  MisbehavingSaving(MisbehavingDevice device, SavingSession honest) {
    this.device = device;
    this.honest = honest;
  }

  /** Returns another session that goes on where this one is. */
  MisbehavingSaving replaced() {
    MisbehavingSaving other = new MisbehavingSaving(device, honest);
    other.all.writeBytes(all.toByteArray());
    kill();
    return other;
  }

  void kill() {
    killed = true;
  }

  void outlive() {
    outlives = true;
  }

  @Override
  public long read(MemorySegment into) throws DeviceException {
    if (killed) {
      throw new DeviceException(device.name(), "read", Errno.ENODEV);
    }
    long read;
    try {
      read = honest.read(into);
    } catch (DeviceException e) {
      return readDead(e);
    }
    if (read > 0) {
      all.writeBytes(into.asSlice(0, read).toArray(ValueLayout.JAVA_BYTE));
    }
    return read == END ? end(into)
        : read == NOTHING_NOW && device.has(Misbehaviour.ENDS_IN_PRE_COPY) ? END : read;
  }

  private long readDead(DeviceException refusal) throws DeviceException {
    if (refusal.errno().equals(Errno.ENODEV)) {
      if (outlives || device.has(Misbehaviour.SESSION_OUTLIVES_STATE)) {
        return END;
      }
      if (device.has(Misbehaviour.DEAD_SESSION_WRONG_ERRNO)) {
        throw new DeviceException(device.name(), "read", Errno.EIO);
      }
    }
    throw refusal;
  }

  private long end(MemorySegment into) {
    if (device.has(Misbehaviour.NEVER_ENDS)) {
      noteWhole();
      return NOTHING_NOW;
    }
    if (ended && device.has(Misbehaviour.GOES_ON_AFTER_END)) {
      into.set(ValueLayout.JAVA_BYTE, 0, (byte) 1);
      return 1;
    }
    noteWhole();
    return END;
  }

  private void noteWhole() {
    if (!ended) {
      device.saved().add(all.toByteArray());
    }
    ended = true;
  }

  @Override
  public Optional<PreCopyInfo> preCopyInfo() throws DeviceException {
    if (device.state() == DeviceState.STOP_COPY) {
      if (device.has(Misbehaviour.INFO_IN_STOP_COPY)) {
        return Optional.of(new PreCopyInfo(0, 0, false));
      }
      if (device.has(Misbehaviour.INFO_WRONG_ERRNO)) {
        throw new DeviceException(device.name(), "pre-copy info", Errno.EIO);
      }
    }
    return honest.preCopyInfo().map(this::falsified);
  }

  private PreCopyInfo falsified(PreCopyInfo info) {
    if (device.has(Misbehaviour.INITIAL_BYTES_STAY)) {
      return new PreCopyInfo(1000, info.dirtyBytes(), false);
    }
    return device.has(Misbehaviour.NO_INITIAL_BYTES) ? new PreCopyInfo(0, info.pending(), false) : info;
  }

  @Override
  public void close() {
    honest.close();
  }
}
