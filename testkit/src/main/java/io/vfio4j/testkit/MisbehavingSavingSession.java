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

/** Saves the state of a misbehaving device. */
final class MisbehavingSavingSession implements SavingSession {

  private final MisbehavingDevice device;
  private final SavingSession honest;
  private final ByteArrayOutputStream all = new ByteArrayOutputStream();
  private boolean ended;
  private boolean terminated;
  private boolean staysOpen;

  MisbehavingSavingSession(MisbehavingDevice device, SavingSession honest) {
    this.device = device;
    this.honest = honest;
  }

  /** Returns a new session that continues at this one's position. */
  MisbehavingSavingSession successor() {
    MisbehavingSavingSession other = new MisbehavingSavingSession(device, honest);
    other.all.writeBytes(all.toByteArray());
    terminate();
    return other;
  }

  void terminate() {
    terminated = true;
  }

  void keepOpen() {
    staysOpen = true;
  }

  @Override
  public long read(MemorySegment into) throws DeviceException {
    if (terminated) {
      throw new DeviceException(device.name(), "read", Errno.ENODEV);
    }
    long read;
    try {
      read = honest.read(into);
    } catch (DeviceException e) {
      return readAfterEnd(e);
    }
    if (read > 0) {
      all.writeBytes(into.asSlice(0, read).toArray(ValueLayout.JAVA_BYTE));
    }
    return read == END ? end(into)
        : read == NOTHING_NOW && device.misbehaves(Misbehaviour.ENDS_IN_PRE_COPY) ? END : read;
  }

  private long readAfterEnd(DeviceException refusal) throws DeviceException {
    if (refusal.errno().equals(Errno.ENODEV)) {
      if (staysOpen || device.misbehaves(Misbehaviour.SESSION_OUTLIVES_STATE)) {
        return END;
      }
      if (device.misbehaves(Misbehaviour.ENDED_SESSION_WRONG_ERRNO)) {
        throw new DeviceException(device.name(), "read", Errno.EIO);
      }
    }
    throw refusal;
  }

  private long end(MemorySegment into) {
    if (device.misbehaves(Misbehaviour.NEVER_ENDS)) {
      recordCompleteState();
      return NOTHING_NOW;
    }
    if (ended && device.misbehaves(Misbehaviour.CONTINUES_AFTER_END)) {
      into.set(ValueLayout.JAVA_BYTE, 0, (byte) 1);
      return 1;
    }
    recordCompleteState();
    return END;
  }

  private void recordCompleteState() {
    if (!ended) {
      device.savedStates().add(all.toByteArray());
    }
    ended = true;
  }

  @Override
  public Optional<PreCopyInfo> preCopyInfo() throws DeviceException {
    if (device.state() == DeviceState.STOP_COPY) {
      if (device.misbehaves(Misbehaviour.INFO_IN_STOP_COPY)) {
        return Optional.of(new PreCopyInfo(0, 0, false));
      }
      if (device.misbehaves(Misbehaviour.INFO_WRONG_ERRNO)) {
        throw new DeviceException(device.name(), "pre-copy info", Errno.EIO);
      }
    }
    return honest.preCopyInfo().map(this::falsify);
  }

  private PreCopyInfo falsify(PreCopyInfo info) {
    if (device.misbehaves(Misbehaviour.INITIAL_BYTES_NEVER_DECREASE)) {
      return new PreCopyInfo(1000, info.dirtyBytes(), false);
    }
    return device.misbehaves(Misbehaviour.NO_INITIAL_BYTES) ? new PreCopyInfo(0, info.pending(), false)
        : info;
  }

  @Override
  public void close() {
    honest.close();
  }
}
