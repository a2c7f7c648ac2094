// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux.vfio;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.vfio4j.linux.vfio.FeatureStructs.PreCopy;
import io.vfio4j.model.DataSession;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.PreCopyInfo;
import io.vfio4j.model.SavingSession;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** A session in which the state of a kernel device is read. */
final class KernelSavingSession extends KernelSession implements SavingSession {

  KernelSavingSession(KernelMigration migration, VfioFile file) {
    super(migration, file);
  }

  @Override
  DataSession dataSession() {
    return this;
  }

  @Override
  boolean isValidIn(DeviceState state) {
    return state.isSaving();
  }

  /** {@inheritDoc} A driver without data returns ENOMSG, as specified, or 0, as mtty does. */
  @Override
  public long read(MemorySegment into) throws DeviceException {
    checkOpen("read the state");
    boolean isStopped = migration().lastState() == DeviceState.STOP_COPY;
    long result = file().read(into);
    while (result == -Errno.EAGAIN.number()) {
      int waited = file().awaitReadable();
      result = waited < 0 ? waited : file().read(into);
    }
    if (result == 0) {
      return isStopped ? END : NOTHING_NOW;
    }
    if (result == -Errno.ENOMSG.number() && !isStopped) {
      return NOTHING_NOW;
    }
    if (result < 0) {
      throw failure("read the state", result);
    }
    return result;
  }

  @Override
  public Optional<PreCopyInfo> preCopyInfo() throws DeviceException {
    String action = "read the pre-copy info";
    checkOpen(action);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment info = Struct.allocate(arena, PreCopy.LAYOUT);
      int result = file().tryIoctl(Ioctl.VFIO_MIG_GET_PRECOPY_INFO, info);
      if (result < 0) {
        throw failure(action + " in " + migration().lastState(), result);
      }
      // Without the opt-in, a driver may return undefined flags.
      boolean reinit =
          migration().reportsReinit() && (info.get(JAVA_INT, PreCopy.FLAGS) & PreCopy.REINIT) != 0;
      return Optional.of(new PreCopyInfo(info.get(JAVA_LONG, PreCopy.INITIAL_BYTES),
          info.get(JAVA_LONG, PreCopy.DIRTY_BYTES), reinit));
    }
  }
}
