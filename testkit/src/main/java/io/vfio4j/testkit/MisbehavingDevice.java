// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceIdentity;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.DmaLog;
import io.vfio4j.model.Errno;
import io.vfio4j.model.IovaRange;
import io.vfio4j.model.MigratableDevice;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.NextState;
import io.vfio4j.model.ResumingSession;
import io.vfio4j.model.SavingSession;
import io.vfio4j.model.TransitionException;
import io.vfio4j.model.TransitionResult;
import io.vfio4j.model.dma.DirtyLog;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A simulated device that violates the protocol, for tests of code that checks devices. Without misbehaviours it
 * conforms, keeps a DMA log and can be driven into ERROR.
 *
 * <p>
 * Confined to one thread at a time.
 */
public final class MisbehavingDevice implements MigratableDevice {

  private final SimulatedDevice honest;
  private final Set<Misbehaviour> misbehaviours;
  private final DirtyLog log = new DirtyLog();
  private final MisbehavingDmaLog dmaLog = new MisbehavingDmaLog(this, log);
  private final List<DeviceState> path = new ArrayList<>();
  /** Complete states that were saved; a written state is compared with them. */
  private final List<byte[]> savedStates = new ArrayList<>();
  /** The state reported instead of the device's own. */
  private @Nullable DeviceState reportedState;
  private @Nullable MisbehavingSavingSession saving;
  private @Nullable MisbehavingResumingSession resuming;
  private boolean reopened;
  private boolean corrupted;

  /**
   * Creates a device that was just opened.
   *
   * @param settings of the device; its observer is ignored
   * @param misbehaviours the rules that it breaks
   */
  public MisbehavingDevice(SimulatedSettings settings, Set<Misbehaviour> misbehaviours) {
    this.misbehaviours = Set.copyOf(misbehaviours);
    this.honest = settings.withObserver((device, from, to, reason) -> path.add(to)).device();
    if (misbehaves(Misbehaviour.STARTS_IN_STOP)) {
      reportedState = DeviceState.STOP;
    }
  }

  // Controls for tests.

  /** Fills the device's content with random bytes. */
  public void fill(long seed) {
    honest.fill(seed);
  }

  /** Makes the device write to memory by DMA. */
  public void writeMemory(IovaRange range) {
    if (!misbehaves(Misbehaviour.LOG_LOSES_PAGES)) {
      dmaLog.written(range);
    }
  }

  /** Drives the device into ERROR. */
  public void enterError() throws DeviceException {
    honest.reset();
    reportedState = DeviceState.ERROR;
  }

  boolean misbehaves(Misbehaviour misbehaviour) {
    return misbehaviours.contains(misbehaviour);
  }

  String name() {
    return honest.identity().name();
  }

  List<byte[]> savedStates() {
    return savedStates;
  }

  /** Records that the device was closed and reopened, when that leaves its state unchanged. */
  void markReopened() {
    reopened = true;
  }

  /** Returns the states passed through since the last call. */
  List<DeviceState> takePath() {
    List<DeviceState> taken = List.copyOf(path);
    path.clear();
    return misbehaves(Misbehaviour.TAKES_SHORTCUT) && taken.size() > 1 ? List.of(taken.getLast()) : taken;
  }

  /** Returns whether the device would provide or accept data now. */
  boolean servesData(boolean read) {
    DeviceState state = honest.machineState();
    return misbehaves(Misbehaviour.SERVES_WITHOUT_SESSION)
        || (read ? state.isSaving() : state == DeviceState.RESUMING);
  }

  // The device interface.

  @Override
  public DeviceIdentity identity() {
    return honest.identity();
  }

  @Override
  public MigrationFeatures features() {
    return honest.features();
  }

  @Override
  public DeviceState state() throws DeviceException {
    return reportedState != null ? reportedState : honest.state();
  }

  @Override
  public TransitionResult moveTo(DeviceState target) throws DeviceException {
    DeviceState from = state();
    if (reopened && misbehaves(Misbehaviour.LOST_AFTER_CLOSE) && target == DeviceState.RUNNING
        && from != target) {
      honest.lose();
    }
    if (NextState.of(features()).next(from, target).isEmpty()) {
      return moveWithoutPath(from, target);
    }
    if (from == target && misbehaves(Misbehaviour.REFUSES_CURRENT_STATE)) {
      throw refusal(from, target, Errno.EINVAL, from);
    }
    return move(from, target);
  }

  private TransitionResult moveWithoutPath(DeviceState from, DeviceState target) throws DeviceException {
    if (target == DeviceState.ERROR && misbehaves(Misbehaviour.ACCEPTS_ERROR)) {
      enterError();
      return new TransitionResult(target, Optional.empty());
    }
    if (!features().supports(target) && misbehaves(Misbehaviour.ACCEPTS_UNSUPPORTED_STATES)) {
      reportedState = target;
      return new TransitionResult(target, Optional.empty());
    }
    boolean goesBack = from == DeviceState.STOP_COPY && target.isSaving();
    if (goesBack && misbehaves(Misbehaviour.RETURNS_TO_PRE_COPY)) {
      honest.moveTo(DeviceState.RUNNING);
      return wrap(from, honest.moveTo(target));
    }
    boolean leavesError = from == DeviceState.ERROR && target != from && features().supports(target);
    if (leavesError && misbehaves(Misbehaviour.LEAVES_ERROR)) {
      reportedState = null;
      return wrap(from, honest.moveTo(target));
    }
    throw refuse(from, target);
  }

  private TransitionException refuse(DeviceState from, DeviceState target) throws DeviceException {
    if (misbehaves(Misbehaviour.WRONG_ERRNO)) {
      return refusal(from, target, Errno.EIO, from);
    }
    if (misbehaves(Misbehaviour.REFUSAL_MOVES) && from == DeviceState.RUNNING) {
      honest.moveTo(DeviceState.STOP);
      return refusal(from, target, Errno.EINVAL, DeviceState.STOP);
    }
    return refusal(from, target, Errno.EINVAL,
        misbehaves(Misbehaviour.REFUSAL_REPORTS_WRONG_STATE) ? DeviceState.STOP : from);
  }

  private TransitionException refusal(DeviceState from, DeviceState target, Errno errno,
      DeviceState reached) {
    return new TransitionException(name(), from, target, errno, reached, null);
  }

  private TransitionResult move(DeviceState from, DeviceState target) throws DeviceException {
    boolean stops = from == DeviceState.RUNNING && target == DeviceState.STOP;
    if (stops && misbehaves(Misbehaviour.REPORTS_MOVE_WITHOUT_MOVING)) {
      return new TransitionResult(target, Optional.empty());
    }
    if (stops && misbehaves(Misbehaviour.TAKES_DETOUR)) {
      honest.moveTo(DeviceState.PRE_COPY);
    }
    if (from == DeviceState.RESUMING && target != from && resuming != null) {
      if (corrupted) {
        throw refusal(from, target, Errno.EINVAL, from);
      }
      leaveResuming(resuming, target);
    }
    TransitionResult reached = wrap(from, honest.moveTo(target));
    reportedState = null;
    if (from == DeviceState.RESUMING && target != from && misbehaves(Misbehaviour.LOADED_STATE_DIFFERS)) {
      honest.fill(1);
    }
    return reached;
  }

  private void leaveResuming(MisbehavingResumingSession session, DeviceState target) throws DeviceException {
    if (session.isRefused() && misbehaves(Misbehaviour.LOADS_AFTER_REFUSAL)) {
      honest.reset();
      return;
    }
    try {
      session.flush();
    } catch (DeviceException e) {
      corrupted = misbehaves(Misbehaviour.CORRUPTED_BY_REFUSAL);
      throw refusal(DeviceState.RESUMING, target, e.errno(), DeviceState.RESUMING);
    }
  }

  private TransitionResult wrap(DeviceState from, TransitionResult reached) {
    DeviceState target = reached.state();
    switch (reached.session().orElse(null)) {
      case SavingSession begun -> saving = new MisbehavingSavingSession(this, begun);
      case ResumingSession begun -> resuming = new MisbehavingResumingSession(this, begun);
      case null -> {
        return withoutNewSession(from, target);
      }
    }
    return target.isSaving()
        ? misbehaves(Misbehaviour.NO_SESSION) && target == DeviceState.STOP_COPY
            ? new TransitionResult(target, Optional.empty())
            : new TransitionResult(target, Optional.ofNullable(saving))
        : new TransitionResult(target, Optional.ofNullable(resuming));
  }

  private TransitionResult withoutNewSession(DeviceState from, DeviceState target) {
    MisbehavingSavingSession open = saving;
    if (open != null && from != target && target == DeviceState.STOP_COPY) {
      if (misbehaves(Misbehaviour.SECOND_SESSION)) {
        saving = open.successor();
        return new TransitionResult(target, Optional.of(saving));
      }
      if (misbehaves(Misbehaviour.SESSION_ENDS_EARLY)) {
        open.terminate();
      }
    }
    return target == DeviceState.STOP && open != null && misbehaves(Misbehaviour.UNEXPECTED_SESSION)
        ? new TransitionResult(target, Optional.of(open))
        : new TransitionResult(target, Optional.empty());
  }

  @Override
  public void reset() throws DeviceException {
    if (misbehaves(Misbehaviour.RESET_CHANGES_NOTHING)) {
      return;
    }
    if (misbehaves(Misbehaviour.RESET_KEEPS_SESSIONS) && saving != null) {
      saving.keepOpen();
    }
    honest.reset();
    reportedState = null;
    reopened = false;
    log.clear();
  }

  @Override
  public OptionalLong stopCopyLength() throws DeviceException {
    if (misbehaves(Misbehaviour.ESTIMATES_LENGTH_IN_RUNNING_ONLY) && state() != DeviceState.RUNNING) {
      throw new DeviceException(name(), "stop-copy length", Errno.EINVAL);
    }
    OptionalLong length = honest.stopCopyLength();
    return misbehaves(Misbehaviour.UNDERESTIMATES_LENGTH) ? OptionalLong.of(0) : length;
  }

  @Override
  public Optional<DmaLog> dmaLog() {
    return Optional.of(dmaLog);
  }

  MisbehavingDmaLog misbehavingLog() {
    return dmaLog;
  }

  @Override
  public void close() {
    honest.close();
  }
}
