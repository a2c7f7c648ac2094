// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** Reads a device's state out of a migration region, segment by segment. */
final class RegionSaving implements SavingSession {

  private final RegionFields fields;
  private boolean over;
  private long offset;
  private long left;
  private long pending;
  private boolean segmentEnded;

  RegionSaving(RegionFields fields) {
    this.fields = fields;
  }

  @Override
  public long read(MemorySegment into) throws DeviceException {
    checkOpen("read device state");
    segmentEnded = false;
    if (left == 0 && !beginSegment()) {
      return fields.readState().isRunning() ? NOTHING_NOW : END;
    }
    long count = Math.min(into.byteSize(), left);
    fields.readData(offset, into.asSlice(0, count));
    offset += count;
    left -= count;
    pending = Math.max(0, pending - count);
    segmentEnded = left == 0;
    return count;
  }

  /** Commits to the next segment, if there is one. */
  private boolean beginSegment() throws DeviceException {
    pending = fields.readPending();
    if (pending == 0) {
      return false;
    }
    offset = fields.readDataOffset();
    left = fields.readDataSize(offset);
    if (left == 0 && !fields.readState().isRunning()) {
      throw fields.brokeProtocol("%d bytes are pending, but its segment is empty".formatted(pending));
    }
    return left > 0;
  }

  @Override
  public boolean segmentEnded() {
    return segmentEnded;
  }

  /**
   * Version 1 tells one number, and nothing of which part of it must be read before the device is stopped.
   */
  @Override
  public Optional<PreCopyInfo> preCopyInfo() throws DeviceException {
    checkOpen("get pre-copy info");
    if (!fields.readState().isRunning()) {
      throw new DeviceException(fields.device(), "get pre-copy info", Errno.EINVAL);
    }
    // Within a segment the field must not be read: that would acknowledge what is still to be read.
    if (left == 0) {
      pending = fields.readPending();
    }
    return Optional.of(new PreCopyInfo(0, pending, false));
  }

  private void checkOpen(String action) throws DeviceException {
    if (over) {
      throw new DeviceException(fields.device(), action, Errno.ENODEV);
    }
  }

  /** Ends the session: reads are refused from here on. */
  @Override
  public void close() {
    over = true;
  }
}
