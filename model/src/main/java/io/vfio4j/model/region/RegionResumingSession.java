// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.region;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ResumingSession;
import java.lang.foreign.MemorySegment;

/** Writes a saved state to a migration region, segment by segment. Used by one thread. */
final class RegionResumingSession implements ResumingSession {

  private static final long NO_SEGMENT = -1;

  private final RegionFields fields;
  private final boolean fixed;
  private boolean ended;
  private long offset = NO_SEGMENT;
  private long written;

  /**
   * Creates a session.
   *
   * @param fixed whether segments end only where the caller ends them; otherwise also where they are full
   */
  RegionResumingSession(RegionFields fields, boolean fixed) {
    this.fields = fields;
    this.fixed = fixed;
  }

  @Override
  public void write(MemorySegment data) throws DeviceException {
    checkOpen();
    for (long done = 0; done < data.byteSize();) {
      done += writePart(done == 0 ? data : data.asSlice(done));
    }
  }

  /** Writes as much as fits in the segment, at least one byte. Returns the number of bytes written. */
  private long writePart(MemorySegment data) throws DeviceException {
    long room = beginSegment();
    if (!fixed && room == 0) {
      endSegment();
      room = beginSegment();
    }
    if (room == 0 || (fixed && data.byteSize() > room)) {
      throw new DeviceException(fields.device(), "write device state", Errno.EMSGSIZE,
          "%s: a segment of more than %d bytes does not fit in its data window"
              .formatted(fields.device(), fields.regionSize() - offset),
          null);
    }
    long count = Math.min(room, data.byteSize());
    fields.writeData(offset + written, count == data.byteSize() ? data : data.asSlice(0, count));
    written += count;
    return count;
  }

  /** Begins a segment unless one is open. Returns the number of bytes that still fit. */
  private long beginSegment() throws DeviceException {
    if (offset == NO_SEGMENT) {
      offset = fields.readDataOffset();
    }
    return fields.regionSize() - offset - written;
  }

  @Override
  public void endSegment() throws DeviceException {
    checkOpen();
    if (offset != NO_SEGMENT) {
      long size = written;
      offset = NO_SEGMENT;
      written = 0;
      fields.writeDataSize(size);
    }
  }

  private void checkOpen() throws DeviceException {
    if (ended) {
      throw new DeviceException(fields.device(), "write device state", Errno.ENODEV);
    }
  }

  /** Ends the session: later writes fail. */
  @Override
  public void close() {
    ended = true;
  }
}
