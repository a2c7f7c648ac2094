// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit.kernel;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.vfio4j.model.DataSession;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.Errno;
import io.vfio4j.model.PreCopyInfo;
import io.vfio4j.model.ResumingSession;
import io.vfio4j.model.SavingSession;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/** The file of a data session. */
final class DataFile implements ScriptedFile {

  private static final int REINIT = 1;
  private static final int INFO_SIZE = 24;

  private final DataSession session;
  private final KernelProfile profile;
  private final BooleanSupplier reportsReinit;

  DataFile(DataSession session, KernelProfile profile, BooleanSupplier reportsReinit) {
    this.session = session;
    this.profile = profile;
    this.reportsReinit = reportsReinit;
  }

  @Override
  public int ioctl(int request, MemorySegment argument, MemorySegment pointedAt) {
    if (request != IoctlNumbers.MIG_GET_PRECOPY_INFO || !(session instanceof SavingSession saving)) {
      return -Errno.ENOTTY.number();
    }
    if (argument.get(JAVA_INT, 0) < INFO_SIZE) {
      return -Errno.EINVAL.number();
    }
    try {
      Optional<PreCopyInfo> info = saving.preCopyInfo();
      if (info.isEmpty()) {
        return -Errno.ENOTTY.number();
      }
      // Without the opt-in, drivers leave the flags as they are; set misleading ones.
      argument.set(JAVA_INT, 4, !reportsReinit.getAsBoolean() || info.get().reinit() ? REINIT : 0);
      argument.set(JAVA_LONG, 8, info.get().initialBytes());
      argument.set(JAVA_LONG, 16, info.get().dirtyBytes());
      return 0;
    } catch (DeviceException e) {
      return -e.errno().number();
    }
  }

  @Override
  public long read(MemorySegment into) {
    if (!(session instanceof SavingSession saving)) {
      return -Errno.EBADF.number();
    }
    try {
      long read = saving.read(into);
      if (read == SavingSession.END) {
        return 0;
      }
      return read != SavingSession.NOTHING_NOW || profile.endsPreCopyWithZero() ? read
          : -Errno.ENOMSG.number();
    } catch (DeviceException e) {
      return -e.errno().number();
    }
  }

  @Override
  public long write(MemorySegment from) {
    if (!(session instanceof ResumingSession resuming)) {
      return -Errno.EBADF.number();
    }
    try {
      // Limits the bytes per call, as drivers do.
      long size = Math.min(from.byteSize(), 1000);
      resuming.write(from.asSlice(0, size));
      return size;
    } catch (DeviceException e) {
      return -e.errno().number();
    }
  }
}
