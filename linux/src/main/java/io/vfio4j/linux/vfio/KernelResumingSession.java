// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux.vfio;

import io.vfio4j.model.DataSession;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ResumingSession;
import java.lang.foreign.MemorySegment;

/** A session in which the state of a kernel device is written. */
final class KernelResumingSession extends KernelSession implements ResumingSession {

  /** Set by a failed write, and never cleared. */
  private boolean corrupted;

  KernelResumingSession(KernelMigration migration, VfioFile file) {
    super(migration, file);
  }

  @Override
  DataSession dataSession() {
    return this;
  }

  @Override
  boolean isValidIn(DeviceState state) {
    return state == DeviceState.RESUMING;
  }

  /** Returns whether a write failed, after which the driver's copy of the state is undefined. */
  boolean isCorrupted() {
    return corrupted;
  }

  @Override
  public void write(MemorySegment data) throws DeviceException {
    checkOpen("write the state");
    if (corrupted) {
      throw failure(Errno.EIO);
    }
    for (long done = 0; done < data.byteSize();) {
      long result = file().write(done == 0 ? data : data.asSlice(done));
      if (result <= 0) {
        corrupted = true;
        throw failure(result == 0 ? Errno.EIO : new Errno((int) -result));
      }
      done += result;
    }
  }

  private DeviceException failure(Errno errno) {
    return new DeviceException(file().device(), "write the state", errno,
        "%s: write the state: %s; the state is incomplete; reset the device"
            .formatted(file().device(), errno),
        null);
  }
}
