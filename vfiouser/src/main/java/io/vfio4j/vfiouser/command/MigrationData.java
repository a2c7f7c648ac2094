// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.command;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.MigrationFeature;
import io.vfio4j.model.PreCopyInfo;
import io.vfio4j.model.ResumingSession;
import io.vfio4j.model.SavingSession;
import io.vfio4j.model.TransitionException;
import io.vfio4j.vfiouser.device.EmulatedDevice;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.Reply;
import io.vfio4j.vfiouser.wire.Request;
import io.vfio4j.vfiouser.wire.SliceTable;
import io.vfio4j.vfiouser.wire.Structs.MigData;
import io.vfio4j.vfiouser.wire.Structs.MigPrecopyInfo;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Transitions and the data session: MIG_DATA_READ, MIG_DATA_WRITE, MIG_GET_PRECOPY_INFO. A session is open
 * from the transition that begins it until the device has left the states that it is for.
 */
public final class MigrationData implements CommandHandlers, AutoCloseable {

  private final EmulatedDevice device;
  private final MoveGuard guard;
  private final SliceTable data;
  private final int maxDataXferSize;
  private final boolean padsReads;
  private @Nullable SavingSession saving;
  private @Nullable ResumingSession resuming;

  /**
   * @param guard permits and observes the moves
   * @param data the buffer for data that is read
   * @param padsReads whether a reply is padded to the requested size: the reference library does so, and its
   *     clients rely on it
   */
  public MigrationData(EmulatedDevice device, MoveGuard guard, SliceTable data, int maxDataXferSize,
      boolean padsReads) {
    this.device = device;
    this.guard = guard;
    this.data = data;
    this.maxDataXferSize = maxDataXferSize;
    this.padsReads = padsReads;
  }

  /** Moves the device, and keeps the session that is opened. */
  void moveTo(DeviceState target) throws ErrnoException {
    guard.beforeMove(target);
    try {
      device.moveTo(target).session().ifPresent(session -> {
        switch (session) {
          case SavingSession opened -> saving = opened;
          case ResumingSession opened -> resuming = opened;
        }
      });
    } catch (TransitionException e) {
      throw toErrnoException(e);
    } finally {
      closeEndedSessions();
      guard.onMoved();
    }
  }

  /** Closes the session if the device has left the states that it is for. */
  public void closeEndedSessions() {
    DeviceState state = device.state();
    if (saving != null && !state.isSaving()) {
      saving.close();
      saving = null;
    }
    if (resuming != null && state != DeviceState.RESUMING) {
      resuming.close();
      resuming = null;
    }
  }

  /**
   * Returns the data left to read before the device is stopped.
   *
   * @throws ErrnoException ESTALE if the hold of the client has ended, EINVAL outside of PRE_COPY and PRE_COPY_P2P, ENOTTY if the device does not know it
   */
  PreCopyInfo preCopyInfo() throws ErrnoException {
    guard.beforeData();
    if (!device.features().has(MigrationFeature.PRE_COPY)) {
      throw new ErrnoException(Errno.ENOTTY, "pre-copy info of a device without PRE_COPY");
    }
    DeviceState state = device.state();
    if (saving == null || (state != DeviceState.PRE_COPY && state != DeviceState.PRE_COPY_P2P)) {
      throw new ErrnoException(Errno.EINVAL, "pre-copy info in " + state);
    }
    try {
      return saving.preCopyInfo()
          .orElseThrow(() -> new ErrnoException(Errno.ENOTTY, "the device reports no pre-copy info"));
    } catch (DeviceException e) {
      throw toErrnoException(e);
    }
  }

  /**
   * Handles MIG_GET_PRECOPY_INFO as foreign clients send it: some leave argsz at 0, and some send nothing
   * else. The flags are 0, because these clients have not negotiated REINIT; new initial data is included in
   * the count.
   */
  private void preCopyInfo(Request request, Reply reply) throws ErrnoException {
    request.requireSize(Integer.BYTES);
    int argsz = request.u32(0);
    if (argsz != 0 && Integer.compareUnsigned(argsz, MigPrecopyInfo.SIZE) < 0) {
      throw new ErrnoException(Errno.EINVAL,
          "MIG_GET_PRECOPY_INFO with argsz " + Integer.toUnsignedString(argsz));
    }
    PreCopyInfo info = preCopyInfo();
    reply.size(MigPrecopyInfo.SIZE).u32(0, MigPrecopyInfo.SIZE).u32(MigPrecopyInfo.FLAGS, 0)
        .u64(MigPrecopyInfo.INITIAL_BYTES, info.initialBytes())
        .u64(MigPrecopyInfo.DIRTY_BYTES, info.dirtyBytes());
  }

  @Override
  public void register(CommandTable table) {
    table.put(Command.MIG_DATA_READ, this::read);
    table.put(Command.MIG_DATA_WRITE, this::write);
    table.put(Command.MIG_GET_PRECOPY_INFO, this::preCopyInfo);
  }

  private void read(Request request, Reply reply) throws ErrnoException {
    request.requireArgsz(MigData.SIZE);
    int size = request.u32(MigData.LENGTH);
    if (size <= 0 || size > maxDataXferSize) {
      throw new ErrnoException(Errno.EINVAL,
          "MIG_DATA_READ of " + Integer.toUnsignedString(size) + " bytes");
    }
    request.requireArgsz(MigData.SIZE, size);
    guard.beforeData();
    if (saving == null) {
      throw new ErrnoException(Errno.EINVAL, "MIG_DATA_READ in " + device.state());
    }
    MemorySegment segment = data.slice(0, size);
    int read = (int) Math.max(0, read(saving, segment));
    if (padsReads && read < size) {
      segment.asSlice(read).fill((byte) 0);
    }
    reply.size(MigData.SIZE).u32(0, MigData.SIZE + read).u32(MigData.LENGTH, read)
        .tail(padsReads ? segment : data.slice(0, read));
  }

  private static long read(SavingSession session, MemorySegment segment) throws ErrnoException {
    try {
      return session.read(segment);
    } catch (DeviceException e) {
      throw toErrnoException(e);
    }
  }

  private void write(Request request, Reply reply) throws ErrnoException {
    request.requireArgsz(MigData.SIZE);
    int size = request.u32(MigData.LENGTH);
    if (size < 0 || size > maxDataXferSize || size != request.size() - MigData.SIZE) {
      throw new ErrnoException(Errno.EINVAL,
          "MIG_DATA_WRITE of " + Integer.toUnsignedString(size) + " bytes");
    }
    request.requireArgsz(MigData.SIZE, size);
    guard.beforeData();
    if (resuming == null) {
      throw new ErrnoException(Errno.EINVAL, "MIG_DATA_WRITE in " + device.state());
    }
    try {
      resuming.write(request.data(MigData.SIZE, size));
    } catch (DeviceException e) {
      throw toErrnoException(e);
    }
  }

  /**
   * Converts a failure of the device. The client knows the request and the device, so only the reason is
   * kept, if there is one.
   */
  private static ErrnoException toErrnoException(DeviceException e) {
    return new ErrnoException(e.errno(), e.reason().orElse(String.valueOf(e.getMessage())), e);
  }

  @Override
  public void close() {
    if (saving != null) {
      saving.close();
      saving = null;
    }
    if (resuming != null) {
      resuming.close();
      resuming = null;
    }
  }
}
