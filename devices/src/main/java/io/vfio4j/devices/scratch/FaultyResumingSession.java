// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.scratch;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ResumingSession;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** A resuming session that fails, or discards the end of the state. */
final class FaultyResumingSession implements ResumingSession {

  private final String device;
  private final ResumingSession session;
  private final Optional<Fault.WriteFailure> failure;
  private final Optional<Fault.WriteTruncation> truncation;
  private long position;
  private boolean failed;

  FaultyResumingSession(String device, ResumingSession session, Optional<Fault.WriteFailure> failure,
      Optional<Fault.WriteTruncation> truncation) {
    this.device = device;
    this.session = session;
    this.failure = failure;
    this.truncation = truncation;
  }

  @Override
  public void write(MemorySegment data) throws DeviceException {
    if (failed) {
      throw exception(Errno.EINVAL);
    }
    long end = position + data.byteSize();
    boolean fails = failure.isPresent() && failure.get().at() < end;
    long failEnd = fails ? Math.max(position, failure.get().at()) : end;
    long kept =
        truncation.isPresent() ? Math.max(position, Math.min(failEnd, truncation.get().at())) : failEnd;
    session.write(data.asSlice(0, kept - position));
    position = end;
    if (fails) {
      // The rest is never written, so the state is never complete.
      failed = true;
      throw exception(failure.get().errno());
    }
  }

  private DeviceException exception(Errno errno) {
    return new DeviceException(device, "write the state", errno);
  }

  @Override
  public void close() {
    session.close();
  }
}
