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
final class TroubledSaving implements SavingSession {

  private final String device;
  private final SavingSession session;
  private final BooleanSupplier isStopped;
  private final Optional<Fault.FailRead> failure;
  private final Optional<Fault.CutRead> cut;
  private final Optional<Throttle> throttle;
  private long position;
  private boolean over;

  TroubledSaving(String device, SavingSession session, BooleanSupplier isStopped,
      Optional<Fault.FailRead> failure, Optional<Fault.CutRead> cut, Optional<Throttle> throttle) {
    this.device = device;
    this.session = session;
    this.isStopped = isStopped;
    this.failure = failure;
    this.cut = cut;
    this.throttle = throttle;
  }

  @Override
  public long read(MemorySegment into) throws DeviceException {
    if (over) {
      throw failed(Errno.ENODEV);
    }
    long most = into.byteSize();
    if (failure.isPresent()) {
      if (failure.get().at() == position) {
        throw failed(failure.get().errno());
      }
      most = Math.min(most, failure.get().at() - position);
    }
    if (cut.isPresent()) {
      most = Math.min(most, cut.get().at() - position);
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

  private DeviceException failed(Errno errno) {
    return new DeviceException(device, "read the saved state", errno);
  }

  private long readSome(MemorySegment into) throws DeviceException {
    long read = session.read(into);
    if (read > 0) {
      position += read;
      throttle.ifPresent(it -> it.took(read));
    }
    return read;
  }

  @Override
  public Optional<PreCopyInfo> preCopyInfo() throws DeviceException {
    return session.preCopyInfo();
  }

  @Override
  public void close() {
    over = true;
    session.close();
  }
}
