// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import java.lang.foreign.MemorySegment;

/** Writes a saved state into a migration region, segment by segment. */
final class RegionResuming implements ResumingSession {

  private static final long NONE = -1;

  private final RegionFields fields;
  private boolean over;
  private long offset = NONE;
  private long written;

  RegionResuming(RegionFields fields) {
    this.fields = fields;
  }

  @Override
  public void write(MemorySegment data) throws DeviceException {
    checkOpen();
    if (offset == NONE) {
      offset = fields.readDataOffset();
    }
    if (data.byteSize() > fields.regionSize() - offset - written) {
      throw new DeviceException(fields.device(), "write device state", Errno.EMSGSIZE,
          "%s: a segment of more than %d bytes does not fit into its data window"
              .formatted(fields.device(), fields.regionSize() - offset),
          null);
    }
    fields.writeData(offset + written, data);
    written += data.byteSize();
  }

  @Override
  public void endSegment() throws DeviceException {
    checkOpen();
    if (offset != NONE) {
      long size = written;
      offset = NONE;
      written = 0;
      fields.writeDataSize(size);
    }
  }

  private void checkOpen() throws DeviceException {
    if (over) {
      throw new DeviceException(fields.device(), "write device state", Errno.ENODEV);
    }
  }

  /** Ends the session: writes are refused from here on. */
  @Override
  public void close() {
    over = true;
  }
}
