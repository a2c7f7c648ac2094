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
  private final Faults faults;
  private long position;
  private boolean ended;

  /** The faults of a session, of which each kind occurs at most once. */
  record Faults(Optional<Fault.ReadFailure> failure, Optional<Fault.ReadTruncation> truncation,
      Optional<Throttle> throttle) {

    boolean isEmpty() {
      return failure.isEmpty() && truncation.isEmpty() && throttle.isEmpty();
    }
  }

  FaultySavingSession(String device, SavingSession session, BooleanSupplier isStopped, Faults faults) {
    this.device = device;
    this.session = session;
    this.isStopped = isStopped;
    this.faults = faults;
  }

  @Override
  public long read(MemorySegment into) throws DeviceException {
    if (ended) {
      throw exception(Errno.ENODEV);
    }
    long max = into.byteSize();
    if (faults.failure.isPresent()) {
      if (faults.failure.get().at() == position) {
        throw exception(faults.failure.get().errno());
      }
      max = Math.min(max, faults.failure.get().at() - position);
    }
    if (faults.truncation.isPresent()) {
      max = Math.min(max, faults.truncation.get().at() - position);
      if (max == 0) {
        return isStopped.getAsBoolean() ? END : NOTHING_NOW;
      }
    }
    if (faults.throttle.isPresent()) {
      long allowed =
          isStopped.getAsBoolean() ? faults.throttle.get().await(max) : faults.throttle.get().available();
      max = Math.min(max, allowed);
    }
    return max == 0 ? NOTHING_NOW : readSome(into.asSlice(0, max));
  }

  private DeviceException exception(Errno errno) {
    return new DeviceException(device, "read the saved state", errno);
  }

  private long readSome(MemorySegment into) throws DeviceException {
    long read = session.read(into);
    if (read > 0) {
      position += read;
      faults.throttle.ifPresent(throttle -> throttle.consume(read));
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
