// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.scratch;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.Errno;
import io.vfio4j.model.PreCopyInfo;
import io.vfio4j.model.SavingSession;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/** A saving session that fails, ends early or is slow. */
final class FaultySavingSession implements SavingSession {

  private final String device;
  private final SavingSession session;
  private final BooleanSupplier isStopped;
  private final Optional<Fault.ReadFailure> failure;
  private final Optional<Fault.ReadTruncation> truncation;
  private final Optional<Throttle> throttle;
  private long position;
  private boolean ended;

  FaultySavingSession(String device, SavingSession session, BooleanSupplier isStopped,
      Optional<Fault.ReadFailure> failure, Optional<Fault.ReadTruncation> truncation,
      Optional<Throttle> throttle) {
    this.device = device;
    this.session = session;
    this.isStopped = isStopped;
    this.failure = failure;
    this.truncation = truncation;
    this.throttle = throttle;
  }

  @Override
  public long read(MemorySegment into) throws DeviceException {
    if (ended) {
      throw exception(Errno.ENODEV);
    }
    long most = into.byteSize();
    if (failure.isPresent()) {
      if (failure.get().at() == position) {
        throw exception(failure.get().errno());
      }
      most = Math.min(most, failure.get().at() - position);
    }
    if (truncation.isPresent()) {
      most = Math.min(most, truncation.get().at() - position);
      if (most == 0) {
        return isStopped.getAsBoolean() ? END : NOTHING_NOW;
      }
    }
    if (throttle.isPresent()) {
      long allowed = isStopped.getAsBoolean() ? throttle.get().await(most) : throttle.get().available();
      most = Math.min(most, allowed);
    }
    return most == 0 ? NOTHING_NOW : readSome(into.asSlice(0, most));
  }

  private DeviceException exception(Errno errno) {
    return new DeviceException(device, "read the saved state", errno);
  }

  private long readSome(MemorySegment into) throws DeviceException {
    long read = session.read(into);
    if (read > 0) {
      position += read;
      throttle.ifPresent(it -> it.consume(read));
    }
    return read;
  }

  @Override
  public Optional<PreCopyInfo> preCopyInfo() throws DeviceException {
    return session.preCopyInfo();
  }

  @Override
  public void close() {
    ended = true;
    session.close();
  }
}
