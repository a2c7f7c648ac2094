// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.region;

import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;

/**
 * The data window of a device whose state indicates an open session although the session has ended: a
 * transition failed after ending it, or another client opened it. Restarting the stream silently would
 * corrupt it, so every access fails until the state is left.
 *
 * @param reason the reason, for messages
 */
record BrokenWindow(String reason) implements DataWindow {

  private ErrnoException failure() {
    return new ErrnoException(Errno.EIO, reason);
  }

  @Override
  public long pendingBytes() throws ErrnoException {
    throw failure();
  }

  @Override
  public void commit() throws ErrnoException {
    throw failure();
  }

  @Override
  public long dataSize() throws ErrnoException {
    throw failure();
  }

  @Override
  public void writeDataSize(long size) throws ErrnoException {
    throw failure();
  }

  @Override
  public long readable() throws ErrnoException {
    throw failure();
  }

  @Override
  public long writable() throws ErrnoException {
    throw failure();
  }
}
