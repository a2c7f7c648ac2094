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
 * A device in memory, with a state of any size that changes while it runs, and with troubles to order. It
 * notes everything that is done to it.
 *
 * <p>
 * One thread at a time may use it; another may look at it once that one has ended.
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
  private volatile boolean lost; // lose() may come from another thread

  /**
   * Makes a device in RUNNING.
   *
   * @param settings what it is like
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

  // What a test asks.

  /** Returns the moves and resets so far, in order, those that failed included. */
  public List<DeviceOperation> operations() {
    return List.copyOf(operations);
  }

  /** Returns how often the device was asked to reset itself. */
  public long resetCount() {
    return operations.stream().filter(DeviceOperation.Reset.class::isInstance).count();
  }

  /** Returns a copy of all that the device holds. */
  public byte[] content() {
    return state.content();
  }

  /** Returns what tells the state that the device holds from others; 0 after a reset. */
  public long stateFingerprint() {
    return state.fingerprint();
  }

  /** Returns the state in which the device is, also when it is lost. */
  public DeviceState machineState() {
    return machine.state();
  }

  /** Returns how many calls there were, as {@link Fault.LossAtCall} counts them. */
  public int callCount() {
    return calls;
  }

  /** Returns how many data sessions were opened and not closed. */
  public int openSessions() {
    return openSessions;
  }

  /** Tells whether the device is lost. */
  public boolean isLost() {
    return lost;
  }

  /** Loses the device: every later call fails. */
  public void lose() {
    lost = true;
  }

  /** Gives the device another content. */
  void fill(long seed) {
    state.fill(seed);
  }

  // What an engine asks.

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
      if (lost) { // At an arc of this move: then there is nobody to tell the state reached.
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

  // What the sessions ask.

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

  /** Counts a call and fails if the device is lost at it. */
  void countCall(String action) throws DeviceException {
    calls++;
    lost |= faults().ofType(Fault.LossAtCall.class).anyMatch(fault -> fault.call() == calls);
    if (lost) {
      throw lossException(action);
    }
  }

  /** The device goes on for a moment, if it runs. */
  void simulateActivity() {
    if (machine.state().isRunning()) {
      state.change(settings.changesPerRead(), random);
    }
  }

  /** Reading or writing takes time. */
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
          throw new ArcException(fail.errno(), fail.entersError(), "ordered to fail at " + arc);
        case Fault.LossAtArc lose when lose.arc().equals(arc) -> {
          lost = true;
          throw new ArcException(Errno.ECONNRESET, false, "ordered to die at " + arc);
        }
        default -> {
          // Not about this arc.
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
