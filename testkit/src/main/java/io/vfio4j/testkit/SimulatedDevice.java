// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit;

import io.vfio4j.model.Arc;
import io.vfio4j.model.ArcException;
import io.vfio4j.model.DataSession;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceIdentity;
import io.vfio4j.model.DeviceLostException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.DeviceStateMachine;
import io.vfio4j.model.DmaLog;
import io.vfio4j.model.Errno;
import io.vfio4j.model.MigratableDevice;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.TransitionException;
import io.vfio4j.model.TransitionResult;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * A device in memory with a state of any size that changes while it runs, and with injected faults. It records all
 * operations.
 *
 * <p>
 * Confined to one thread at a time, except {@link #lose()}; another thread may inspect it once that thread has
 * ended.
 */
public final class SimulatedDevice implements MigratableDevice {

  private final SimulatedSettings settings;
  private final SimulatedState state;
  private final DeviceStateMachine machine;
  private final Random random;
  private final List<DeviceOperation> operations = new ArrayList<>();
  private final Map<Fault.ArcFailure, Integer> arcFailures = new HashMap<>();
  private @Nullable SimulatedSavingSession saving;
  private @Nullable SimulatedResumingSession resuming;
  private int calls;
  private int resets;
  private int openSessions;
  private volatile boolean lost; // set by lose() on any thread

  /**
   * Creates a device in RUNNING.
   *
   * @param settings of the device
   */
  public SimulatedDevice(SimulatedSettings settings) {
    this.settings = settings;
    this.state = new SimulatedState(settings.pages());
    this.random = new Random(settings.seed());
    this.machine =
        new DeviceStateMachine(settings.name(), settings.features(), this::takeArc, this::onStateChanged);
    if (settings.seed() != 0) {
      state.fill(settings.seed());
    }
  }

  // Controls for tests.

  /** Returns the transitions and resets requested so far, in order, including failed ones. */
  public List<DeviceOperation> operations() {
    return List.copyOf(operations);
  }

  /** Returns the number of resets requested. */
  public long resetCount() {
    return operations.stream().filter(DeviceOperation.Reset.class::isInstance).count();
  }

  /** Returns a copy of the device's content. */
  public byte[] content() {
    return state.content();
  }

  /** Returns a value that identifies the loaded state; 0 after a reset. */
  public long stateFingerprint() {
    return state.fingerprint();
  }

  /** Returns the device's state, even when the device is lost. */
  public DeviceState machineState() {
    return machine.state();
  }

  /** Returns the number of calls so far, as {@link Fault.LossAtCall} counts them. */
  public int callCount() {
    return calls;
  }

  /** Returns the number of open data sessions. */
  public int openSessions() {
    return openSessions;
  }

  /** Returns whether the device is lost. */
  public boolean isLost() {
    return lost;
  }

  /** Makes the device lost: every later call fails. May be called from any thread. */
  public void lose() {
    lost = true;
  }

  /** Replaces the device's content. */
  void fill(long seed) {
    state.fill(seed);
  }

  // The device interface.

  @Override
  public DeviceIdentity identity() {
    return settings.identity();
  }

  @Override
  public MigrationFeatures features() {
    return settings.features();
  }

  @Override
  public DeviceState state() throws DeviceException {
    countCall("state");
    return machine.state();
  }

  @Override
  public TransitionResult moveTo(DeviceState target) throws DeviceException {
    operations.add(new DeviceOperation.Transition(target));
    countCall("move to " + target);
    try {
      return machine.moveTo(target);
    } catch (TransitionException e) {
      if (lost) { // Lost at an arc of this transition: the state reached is unknown.
        throw lossException("move to " + target);
      }
      throw e;
    }
  }

  @Override
  public void reset() throws DeviceException {
    operations.add(new DeviceOperation.Reset());
    countCall("reset");
    resets++;
    for (Fault.ResetFailure fail : faults().ofType(Fault.ResetFailure.class).toList()) {
      if (resets > fail.after()) {
        throw new DeviceException(name(), "reset", fail.errno());
      }
    }
    endSessions();
    state.clear();
    machine.onReset("reset");
  }

  @Override
  public OptionalLong stopCopyLength() throws DeviceException {
    countCall("stop-copy length");
    if (!settings.estimatesLength()) {
      return OptionalLong.empty();
    }
    SimulatedSavingSession current = saving;
    return OptionalLong.of(current != null
        ? current.remaining()
        : SimulatedStreamFormat.HEADER_BYTES + (state.pages() + 1L) * SimulatedStreamFormat.RECORD_BYTES);
  }

  @Override
  public Optional<DmaLog> dmaLog() {
    return Optional.empty();
  }

  @Override
  public void close() {
    endSessions();
  }

  // For the sessions.

  String name() {
    return settings.name();
  }

  FaultPlan faults() {
    return settings.faults();
  }

  long chunk() {
    return settings.chunk();
  }

  boolean reportsPreCopyInfo() {
    return settings.reportsPreCopyInfo();
  }

  /** Counts a call; fails if the device is lost at this call. */
  void countCall(String action) throws DeviceException {
    calls++;
    lost |= faults().ofType(Fault.LossAtCall.class).anyMatch(fault -> fault.call() == calls);
    if (lost) {
      throw lossException(action);
    }
  }

  /** Lets a running device change some pages. */
  void simulateActivity() {
    if (machine.state().isRunning()) {
      state.change(settings.changesPerRead(), random);
    }
  }

  /** Advances the clock by the time that reading or writing takes. */
  void advanceClock(long bytes) {
    settings.clock().advanceNanos(bytes * settings.nanosPerByte());
  }

  void onSessionClosed() {
    openSessions--;
  }

  private DeviceLostException lossException(String action) {
    return new DeviceLostException(name(), action, Errno.ECONNRESET, "the simulated server died", null);
  }

  private Optional<DataSession> takeArc(Arc arc) throws ArcException {
    applyFaults(arc);
    if (arc.endsSession()) {
      finishSession(arc);
    }
    if (arc.opensSaving()) {
      openSessions++;
      saving = new SimulatedSavingSession(this, state);
      return Optional.of(saving);
    }
    if (arc.opensResuming()) {
      openSessions++;
      resuming = new SimulatedResumingSession(this, state);
      return Optional.of(resuming);
    }
    return Optional.empty();
  }

  private static void awaitRelease(Fault.ArcBlock hold) throws ArcException {
    try {
      hold.release().await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ArcException(Errno.EINTR, false, "interrupted at " + hold.arc());
    }
  }

  private void applyFaults(Arc arc) throws ArcException {
    for (Fault fault : faults().faults()) {
      switch (fault) {
        case Fault.ArcDelay delay when delay.arc().equals(arc) -> settings.clock().advance(delay.delay());
        case Fault.ArcBlock hold when hold.arc().equals(arc) -> awaitRelease(hold);
        case Fault.ArcFailure fail when fail.arc().equals(arc)
            && arcFailures.merge(fail, 1, Integer::sum) <= fail.times() ->
          throw new ArcException(fail.errno(), fail.entersError(), "injected failure at " + arc);
        case Fault.LossAtArc lose when lose.arc().equals(arc) -> {
          lost = true;
          throw new ArcException(Errno.ECONNRESET, false, "injected loss at " + arc);
        }
        default -> {
          // Does not concern an arc.
        }
      }
    }
  }

  private void finishSession(Arc arc) throws ArcException {
    if (arc.from() == DeviceState.RESUMING && resuming != null) {
      resuming.finish();
    }
    endSessions();
  }

  private void endSessions() {
    if (saving != null) {
      saving.end();
      saving = null;
    }
    if (resuming != null) {
      resuming.end();
      resuming = null;
    }
  }

  private void onStateChanged(DeviceState from, DeviceState to, String reason) {
    settings.observer().stateChanged(this, from, to, reason);
  }
}
