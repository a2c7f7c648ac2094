// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.region;

import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;

/**
 * The window of a device whose state says that a session is open, while the session is over: a move failed
 * after it had ended, or somebody else opened it. To begin the stream again unsaid would spoil it, so
 * everything fails until the state is left.
 *
 * @param reason what happened, for people
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
