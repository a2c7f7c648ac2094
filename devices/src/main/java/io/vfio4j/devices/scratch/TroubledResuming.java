// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.scratch;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.ResumingSession;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** A resuming session that fails, or loses the end. */
final class TroubledResuming implements ResumingSession {

  private final ScratchResuming session;
  private final Optional<Fault.FailWrite> failure;
  private final Optional<Fault.CutWrite> cut;
  private long position;

  TroubledResuming(ScratchResuming session, Optional<Fault.FailWrite> failure, Optional<Fault.CutWrite> cut) {
    this.session = session;
    this.failure = failure;
    this.cut = cut;
  }

  @Override
  public void write(MemorySegment data) throws DeviceException {
    long end = position + data.byteSize();
    boolean fails = failure.isPresent() && failure.get().at() < end;
    long failEnd = fails ? Math.max(position, failure.get().at()) : end;
    long kept = cut.isPresent() ? Math.max(position, Math.min(failEnd, cut.get().at())) : failEnd;
    session.write(data.asSlice(0, kept - position));
    position = end;
    if (fails) {
      session.refuse();
      throw session.failed("write the state", failure.get().errno());
    }
  }

  @Override
  public void close() {
    session.close();
  }
}
