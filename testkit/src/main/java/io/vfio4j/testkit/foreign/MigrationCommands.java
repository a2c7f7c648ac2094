// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit.foreign;

import static io.vfio4j.testkit.foreign.WireConstants.DATA_SIZE;
import static io.vfio4j.testkit.foreign.WireConstants.DEVICE_STATE;
import static io.vfio4j.testkit.foreign.WireConstants.FEATURE_INDEX;
import static io.vfio4j.testkit.foreign.WireConstants.GET;
import static io.vfio4j.testkit.foreign.WireConstants.LOGGING_REPORT;
import static io.vfio4j.testkit.foreign.WireConstants.LOGGING_START;
import static io.vfio4j.testkit.foreign.WireConstants.MIGRATION;
import static io.vfio4j.testkit.foreign.WireConstants.PROBE;
import static io.vfio4j.testkit.foreign.WireConstants.SET;

import io.vfio4j.model.DataSession;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.MigratableDevice;
import io.vfio4j.model.MigrationFeature;
import io.vfio4j.model.PreCopyInfo;
import io.vfio4j.model.ResumingSession;
import io.vfio4j.model.SavingSession;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The migration of a foreign server's device: DEVICE_FEATURE, MIG_DATA_READ, MIG_DATA_WRITE. */
final class MigrationCommands implements AutoCloseable {

  private static final int UNKNOWN_FEATURE = 40;
  private static final long UNKNOWN_FLAG = 0x10;
  private static final byte PADDING = (byte) 0xee;

  private final MigratableDevice device;
  private final Set<ServerTrait> traits;
  private final BoardDmaLog dmaLog;
  private @Nullable DataSession session;
  /** The state that a server without ERROR reports while its device is in ERROR. */
  private @Nullable DeviceState reportedState;

  MigrationCommands(MigratableDevice device, Set<ServerTrait> traits, BoardDmaLog log) {
    this.device = device;
    this.traits = traits;
    this.dmaLog = log;
  }

  DeviceState state() throws DeviceException {
    DeviceState pretence = reportedState;
    return pretence != null ? pretence : device.state();
  }

  byte[] feature(WireMessage request) throws DeviceException, ErrnoException {
    int flags = request.u32(4);
    int index = flags & FEATURE_INDEX;
    boolean logs = index >= LOGGING_START && index <= LOGGING_REPORT
        && traits.contains(ServerTrait.OMITS_MESSAGE_WRITES_FROM_LOG);
    boolean isLater = index == UNKNOWN_FEATURE && traits.contains(ServerTrait.UNKNOWN_FEATURES);
    if (index != MIGRATION && index != DEVICE_STATE && index != DATA_SIZE && !logs && !isLater) {
      throw new ErrnoException(Errno.ENOTTY, "feature " + index);
    }
    if ((flags & PROBE) != 0) {
      return request.bytes(0, request.body().limit());
    }
    if (logs) {
      return dmaLog(index, request);
    }
    boolean sets = (flags & SET) != 0;
    if (isLater || sets == ((flags & GET) != 0) || (sets && index != DEVICE_STATE)) {
      throw new ErrnoException(Errno.EINVAL, "feature flags 0x%x".formatted(flags));
    }
    if (sets) {
      move(DeviceState.fromWire(request.u32(8))
          .orElseThrow(() -> new ErrnoException(Errno.EINVAL, "unknown device state")));
      return request.bytes(0, request.body().limit());
    }
    MessageBody reply = MessageBody.feature(flags, 8);
    return switch (index) {
      case MIGRATION -> reply.u64(features()).toBytes();
      case DEVICE_STATE -> reply.u32(state().wireValue(), -1).toBytes();
      default -> reply.u64(device.stopCopyLength()
          .orElseThrow(() -> new ErrnoException(Errno.ENOTTY, "no estimate"))).toBytes();
    };
  }

  private byte[] dmaLog(int index, WireMessage request) throws ErrnoException {
    if (index == LOGGING_REPORT) {
      byte[] bitmap = dmaLog.report(request.u64(8), request.u64(16), request.u64(24));
      if (request.u32(0) < 32 + bitmap.length) {
        throw new ErrnoException(Errno.EINVAL, "no space for a bitmap of " + bitmap.length);
      }
      return MessageBody.empty().bytes(request.bytes(0, 32)).bytes(bitmap).toBytes();
    }
    if (index == LOGGING_START) {
      dmaLog.start();
    } else {
      dmaLog.stop();
    }
    return request.bytes(0, request.body().limit());
  }

  /** Clients probe for it, so a server without pre-copy info replies as to any unknown command. */
  byte[] preCopyInfo(WireMessage request) throws DeviceException, ErrnoException {
    if (!traits.contains(ServerTrait.PRE_COPY_COMMAND)) {
      throw new ErrnoException(Errno.EINVAL, "command 19");
    }
    if ((request.u32(0) != 0 && request.u32(0) < 24) || !(session instanceof SavingSession saving)) {
      throw new ErrnoException(Errno.EINVAL, "pre-copy info in " + state());
    }
    PreCopyInfo info = saving.preCopyInfo().orElseThrow(() -> new ErrnoException(Errno.ENOTTY, "no info"));
    return MessageBody.empty().u32(24, 0).u64(info.initialBytes(), info.dirtyBytes()).toBytes();
  }

  private long features() {
    long flags =
        device.features().flags() | (traits.contains(ServerTrait.UNKNOWN_FEATURES) ? UNKNOWN_FLAG : 0);
    return traits.contains(ServerTrait.NO_P2P) ? flags & ~MigrationFeature.P2P.flag() : flags;
  }

  private void move(DeviceState target) throws DeviceException, ErrnoException {
    DeviceState from = state();
    boolean isP2p = target == DeviceState.RUNNING_P2P || target == DeviceState.PRE_COPY_P2P;
    if ((isP2p && traits.contains(ServerTrait.NO_P2P)) || reportedState != null) {
      throw new ErrnoException(Errno.EINVAL, "from %s to %s".formatted(from, target));
    }
    try {
      device.moveTo(target).session().ifPresent(this::beginSession);
    } finally {
      endStaleSession(from);
    }
  }

  private void beginSession(DataSession begun) {
    endSession();
    session = begun;
  }

  /** Ends a session whose states the device has left, and hides ERROR if the traits say so. */
  private void endStaleSession(DeviceState from) throws DeviceException {
    DeviceState now = device.state();
    if ((session instanceof SavingSession && !now.isSaving())
        || (session instanceof ResumingSession && now != DeviceState.RESUMING)) {
      endSession();
    }
    if (now == DeviceState.ERROR && traits.contains(ServerTrait.NO_ERROR_STATE)) {
      reportedState = from;
    }
  }

  private void endSession() {
    if (session != null) {
      session.close();
      session = null;
    }
  }

  byte[] read(WireMessage request) throws DeviceException, ErrnoException {
    if (!(session instanceof SavingSession saving)) {
      throw new ErrnoException(Errno.EINVAL, "MIG_DATA_READ in " + state());
    }
    byte[] into = new byte[request.u32(4)];
    int got = into.length == 0 ? 0 : (int) Math.max(0, saving.read(MemorySegment.ofArray(into)));
    Arrays.fill(into, got, into.length, PADDING);
    return MessageBody.empty().u32(8 + got, got)
        .bytes(traits.contains(ServerTrait.PADS_DATA) ? into : Arrays.copyOf(into, got)).toBytes();
  }

  byte[] write(WireMessage request) throws DeviceException, ErrnoException {
    if (!(session instanceof ResumingSession resuming)) {
      throw new ErrnoException(Errno.EINVAL, "MIG_DATA_WRITE in " + state());
    }
    resuming.write(MemorySegment.ofArray(request.bytes(8, request.u32(4))));
    return new byte[0];
  }

  void reset() throws DeviceException {
    if (!traits.contains(ServerTrait.RESET_LEAVES_STATE) || state() == DeviceState.RUNNING) {
      clientDisconnected();
    }
  }

  /** Resets the device, whatever the traits. */
  void clientDisconnected() throws DeviceException {
    endSession();
    device.reset();
    reportedState = null;
  }

  @Override
  public void close() {
    endSession();
  }
}
