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
  private final List<Act> acts = new ArrayList<>();
  private final Map<Fault.FailArc, Integer> arcFailures = new HashMap<>();
  private @Nullable SimulatedSaving saving;
  private @Nullable SimulatedResuming resuming;
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
    this.machine = new DeviceStateMachine(settings.name(), settings.features(), this::take, this::changed);
    if (settings.seed() != 0) {
      state.fill(settings.seed());
    }
  }

  // What a test asks.

  /** Returns the moves and resets so far, in order, those that failed included. */
  public List<Act> acts() {
    return List.copyOf(acts);
  }

  /** Returns how often the device was asked to reset itself. */
  public long resetCount() {
    return acts.stream().filter(Act.Reset.class::isInstance).count();
  }

  /** Returns a copy of all that the device holds. */
  public byte[] content() {
    return state.content();
  }

  /** Returns what tells the state that the device holds from others; 0 after a reset. */
  public long stateIdentity() {
    return state.identity();
  }

  /** Returns the state in which the device is, also when it is lost. */
  public DeviceState machineState() {
    return machine.state();
  }

  /** Returns how many calls there were, as {@link Fault.LoseAtCall} counts them. */
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
    call("state");
    return machine.state();
  }

  @Override
  public TransitionResult moveTo(DeviceState target) throws DeviceException {
    acts.add(new Act.Move(target));
    call("move to " + target);
    try {
      return machine.moveTo(target);
    } catch (TransitionException e) {
      if (lost) { // At an arc of this move: then there is nobody to tell the state reached.
        throw loss("move to " + target);
      }
      throw e;
    }
  }

  @Override
  public void reset() throws DeviceException {
    acts.add(new Act.Reset());
    call("reset");
    resets++;
    for (Fault.FailReset fail : faults().all(Fault.FailReset.class).toList()) {
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
    call("stop-copy length");
    if (!settings.announcesLength()) {
      return OptionalLong.empty();
    }
    SimulatedSaving current = saving;
    return OptionalLong.of(current != null
        ? current.left()
        : SimulatedStream.HEADER_BYTES + (state.pages() + 1L) * SimulatedStream.RECORD_BYTES);
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

  boolean tellsPreCopyInfo() {
    return settings.tellsPreCopyInfo();
  }

  /** Counts a call and fails if the device is lost at it. */
  void call(String action) throws DeviceException {
    calls++;
    lost |= faults().all(Fault.LoseAtCall.class).anyMatch(fault -> fault.call() == calls);
    if (lost) {
      throw loss(action);
    }
  }

  /** The device goes on for a moment, if it runs. */
  void liveOn() {
    if (machine.state().isRunning()) {
      state.change(settings.changesPerRead(), random);
    }
  }

  /** Reading or writing takes time. */
  void spend(long bytes) {
    settings.clock().advanceNanos(bytes * settings.nanosPerByte());
  }

  void sessionClosed() {
    openSessions--;
  }

  private DeviceLostException loss(String action) {
    return new DeviceLostException(name(), action, Errno.ECONNRESET, "the simulated server died", null);
  }

  private Optional<DataSession> take(Arc arc) throws ArcException {
    trouble(arc);
    if (arc.endsSession()) {
      finishSession(arc);
    }
    if (arc.opensSaving()) {
      openSessions++;
      saving = new SimulatedSaving(this, state);
      return Optional.of(saving);
    }
    if (arc.opensResuming()) {
      openSessions++;
      resuming = new SimulatedResuming(this, state);
      return Optional.of(resuming);
    }
    return Optional.empty();
  }

  private static void holdUp(Fault.HoldArc hold) throws ArcException {
    try {
      hold.until().await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ArcException(Errno.EINTR, false, "interrupted at " + hold.arc());
    }
  }

  private void trouble(Arc arc) throws ArcException {
    for (Fault fault : faults().faults()) {
      switch (fault) {
        case Fault.DelayArc delay when delay.arc().equals(arc) -> settings.clock().advance(delay.by());
        case Fault.HoldArc hold when hold.arc().equals(arc) -> holdUp(hold);
        case Fault.FailArc fail when fail.arc().equals(arc)
            && arcFailures.merge(fail, 1, Integer::sum) <= fail.times() ->
          throw new ArcException(fail.errno(), fail.entersError(), "ordered to fail at " + arc);
        case Fault.LoseAtArc lose when lose.arc().equals(arc) -> {
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

  private void changed(DeviceState from, DeviceState to, String reason) {
    settings.observer().changed(this, from, to, reason);
  }
}
