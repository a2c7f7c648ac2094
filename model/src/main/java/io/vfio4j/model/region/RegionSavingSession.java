// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.region;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.Errno;
import io.vfio4j.model.PreCopyInfo;
import io.vfio4j.model.SavingSession;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** Reads the state of a device from a migration region, segment by segment. Used by one thread. */
final class RegionSavingSession implements SavingSession {

  private final RegionFields fields;
  private boolean ended;
  private long offset;
  private long remaining;
  private long pending;
  private boolean segmentEnded;

  RegionSavingSession(RegionFields fields) {
    this.fields = fields;
  }

  @Override
  public long read(MemorySegment into) throws DeviceException {
    checkOpen("read device state");
    segmentEnded = false;
    if (remaining == 0 && !beginSegment()) {
      return fields.readState().isRunning() ? NOTHING_NOW : END;
    }
    long count = Math.min(into.byteSize(), remaining);
    fields.readData(offset, into.asSlice(0, count));
    offset += count;
    remaining -= count;
    pending = Math.max(0, pending - count);
    segmentEnded = remaining == 0;
    return count;
  }

  /** Commits to the next segment. Returns whether there is one with data. */
  private boolean beginSegment() throws DeviceException {
    pending = fields.readPending();
    if (pending == 0) {
      return false;
    }
    offset = fields.readDataOffset();
    remaining = fields.readDataSize(offset);
    if (remaining == 0 && !fields.readState().isRunning()) {
      throw fields.protocolError("%d bytes are pending, but its segment is empty".formatted(pending));
    }
    return remaining > 0;
  }

  @Override
  public boolean segmentEnded() {
    return segmentEnded;
  }

  /**
   * {@inheritDoc}
   *
   * <p>
   * Version 1 reports one number, without the part that must be read before the device is stopped.
   */
  @Override
  public Optional<PreCopyInfo> preCopyInfo() throws DeviceException {
    checkOpen("get pre-copy info");
    if (!fields.readState().isRunning()) {
      throw new DeviceException(fields.device(), "get pre-copy info", Errno.EINVAL);
    }
    // Within a segment, reading pending_bytes would acknowledge data that has not been read.
    if (remaining == 0) {
      pending = fields.readPending();
    }
    return Optional.of(new PreCopyInfo(0, pending, false));
  }

  private void checkOpen(String action) throws DeviceException {
    if (ended) {
      throw new DeviceException(fields.device(), action, Errno.ENODEV);
    }
  }

  /** Ends the session: later reads fail. */
  @Override
  public void close() {
    ended = true;
  }
}
