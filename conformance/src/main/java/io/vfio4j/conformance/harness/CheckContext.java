// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.harness;

import io.vfio4j.conformance.setup.ConformanceOptions;
import io.vfio4j.conformance.setup.DeviceProfile;
import io.vfio4j.conformance.setup.DeviceUnderTest;
import io.vfio4j.model.DataSession;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceLostException;
import io.vfio4j.model.DeviceProbe;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.MigratableDevice;
import io.vfio4j.model.MigrationFeature;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.NextState;
import io.vfio4j.model.ResumingSession;
import io.vfio4j.model.SavingSession;
import io.vfio4j.model.TransitionResult;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The device under test and the operations that checks share. An operation that fails because of an earlier
 * step ends the check as blocked by the check of that step.
 *
 * <p>
 * Used by one thread. The DMA log is stopped, and all sessions are closed, by {@link #resetDevice}.
 */
public final class CheckContext implements AutoCloseable {

  /** A transition that ended in ERROR, kept as a means to enter ERROR again. */
  private record ErrorTransition(DeviceState from, DeviceState target) {
  }

  private final DeviceUnderTest deviceUnderTest;
  private final Stopwatch stopwatch;
  private final SessionIo sessionIo;
  private final DeviceState initialState;
  private final MigrationFeatures features;
  private final List<DataSession> sessions = new ArrayList<>();
  private final List<String> deviations = new ArrayList<>();
  private boolean logging;
  private byte @Nullable [] savedState;
  private @Nullable ErrorTransition errorTransition;

  /** Creates the context of a device that has just been opened. */
  public CheckContext(DeviceUnderTest deviceUnderTest, ConformanceOptions options) throws DeviceException {
    this.deviceUnderTest = deviceUnderTest;
    this.stopwatch = new Stopwatch(options);
    this.initialState = device().state();
    this.features = device().features();
    this.sessionIo = new SessionIo(stopwatch, options.maxState());
  }

  public MigratableDevice device() {
    return deviceUnderTest.probe().device();
  }

  public DeviceProbe probe() {
    return deviceUnderTest.probe();
  }

  public DeviceProfile profile() {
    return deviceUnderTest.profile();
  }

  public MigrationFeatures features() {
    return features;
  }

  public SessionIo sessionIo() {
    return sessionIo;
  }

  public Stopwatch stopwatch() {
    return stopwatch;
  }

  /** Returns the state in which the suite received the device. */
  public DeviceState initialState() {
    return initialState;
  }

  /** Returns the deviations reported by the check so far, and clears them. */
  public List<String> drainDeviations() {
    List<String> taken = List.copyOf(deviations);
    deviations.clear();
    return taken;
  }

  /** Records a deviation: allowed, but worth knowing for users of the device. The check continues. */
  public void reportDeviation(String observed) {
    deviations.add(observed);
  }

  // Preconditions. A check whose precondition is not met is not applicable.

  /** Returns the probe as one of its extensions. */
  public <P extends DeviceProbe> P require(Class<P> extension, String purpose) throws VerdictException {
    if (!extension.isInstance(probe())) {
      throw VerdictException.notApplicable("this connection to the device cannot " + purpose);
    }
    return extension.cast(probe());
  }

  public void requireVersion2() throws VerdictException {
    if (device().segmentation().isPresent()) {
      throw VerdictException.notApplicable("version 1 of the migration interface does not have it");
    }
  }

  public void require(MigrationFeature feature) throws VerdictException {
    if (!features.has(feature)) {
      throw VerdictException.notApplicable("the device does not support " + feature);
    }
  }

  // Around each check.

  /**
   * Resets the device. If it is not in RUNNING then, tries a transition to RUNNING, and then to reopen it.
   */
  public void resetDevice() throws VerdictException, DeviceException {
    stopLogging();
    DeviceState left = device().state();
    Optional<DeviceException> failure = Expect.failureOf(() -> device().reset());
    sessions.forEach(DataSession::close);
    sessions.clear();
    if (device().state() == DeviceState.RUNNING || moveToRunning() || reopen()) {
      return;
    }
    boolean hasV1Only = device().segmentation().isPresent();
    throw VerdictException.blocked(hasV1Only ? CheckIds.V1_RESET_IN_STOP : CheckIds.reset(left),
        "RUNNING after a reset in " + left,
        failure.map(Throwable::getMessage).orElse(device().state().toString()));
  }

  /** Resets the device after the last check. Returns its state then, as a clause. */
  public String resetAndDescribe() {
    String name = device().identity().name();
    try {
      resetDevice();
      return "%s has been reset, and is in %s".formatted(name, device().state());
    } catch (VerdictException | DeviceException e) {
      return "%s could not be reset: %s".formatted(name, e.getMessage());
    }
  }

  /** Resets the device without the fallbacks of its own driver, where the probe can. */
  public void resetOnly() throws DeviceException {
    if (probe() instanceof DeviceProbe.ResetProbe resettable) {
      resettable.resetOnly();
    } else {
      device().reset();
    }
  }

  private boolean moveToRunning() throws DeviceException {
    return Expect.failureOf(() -> device().moveTo(DeviceState.RUNNING)).isEmpty()
        && device().state() == DeviceState.RUNNING;
  }

  private boolean reopen() throws DeviceException {
    if (!(probe() instanceof DeviceProbe.ReopenProbe reopening)) {
      return false;
    }
    reopening.reopen();
    return device().state() == DeviceState.RUNNING;
  }

  public void loggingStarted() {
    logging = true;
  }

  public void stopLogging() throws DeviceException {
    if (logging) {
      logging = false;
      device().dmaLog().orElseThrow().stop();
    }
  }

  // Transitions.

  /** Moves the device, as the subject of the check. */
  public TransitionResult move(DeviceState target) throws DeviceException {
    DeviceState from = device().state();
    long start = stopwatch.now();
    try {
      TransitionResult reached = device().moveTo(target);
      reached.session().ifPresent(sessions::add);
      return reached;
    } catch (DeviceLostException e) {
      throw e;
    } catch (DeviceException e) {
      if (from != DeviceState.ERROR && device().state() == DeviceState.ERROR) {
        errorTransition = new ErrorTransition(from, target);
      }
      throw e;
    } finally {
      stopwatch.recordMove(from + " > " + target, start);
    }
  }

  /**
   * Moves the device, as a precondition of the check; a failure blocks the check on that of the transition.
   */
  public TransitionResult enter(DeviceState target) throws VerdictException, DeviceException {
    DeviceState from = device().state();
    try {
      TransitionResult reached = move(target);
      if (device().state() != target) {
        throw blocked(from, target, device().state().toString());
      }
      return reached;
    } catch (DeviceLostException e) {
      throw e;
    } catch (DeviceException e) {
      throw blocked(from, target, String.valueOf(e.getMessage()));
    }
  }

  private static VerdictException blocked(DeviceState from, DeviceState target, String observed) {
    String cause =
        from == DeviceState.RESUMING ? CheckIds.RESUMING_WHOLE : CheckIds.transition(from, target);
    return VerdictException.blocked(cause, "%s, as a precondition".formatted(target), observed);
  }

  /** Enters a state of the saving group from outside it. */
  public SavingSession openSaving(DeviceState target) throws VerdictException, DeviceException {
    DeviceState from = device().state();
    if (enter(target).session().orElse(null) instanceof SavingSession session) {
      return session;
    }
    throw blocked(from, target, "no saving session");
  }

  /** Enters RESUMING. */
  public ResumingSession openResuming() throws VerdictException, DeviceException {
    DeviceState from = device().state();
    if (enter(DeviceState.RESUMING).session().orElse(null) instanceof ResumingSession session) {
      return session;
    }
    throw blocked(from, DeviceState.RESUMING, "no resuming session");
  }

  /**
   * Enters a state from RUNNING and returns the session that is open there. In RESUMING, a complete state is
   * written.
   */
  public Optional<DataSession> enterFromRunning(DeviceState target) throws VerdictException, DeviceException {
    if (target == DeviceState.RUNNING) {
      return Optional.empty();
    }
    if (target.isSaving()) {
      return Optional.of(openSaving(target));
    }
    if (target == DeviceState.RESUMING) {
      byte[] state = savedState();
      ResumingSession session = openResuming();
      write(session, state);
      return Optional.of(session);
    }
    enter(target);
    return Optional.empty();
  }

  /** Enters a state from RUNNING; in RESUMING, nothing is written. */
  public void enterEmpty(DeviceState target) throws VerdictException, DeviceException {
    if (target == DeviceState.RESUMING) {
      openResuming();
    } else {
      enterFromRunning(target);
    }
  }

  public Optional<List<DeviceState>> path(DeviceState from, DeviceState to) {
    return NextState.of(features).path(from, to);
  }

  // Saved states.

  /**
   * Returns a state that the device saved in STOP_COPY after the profile had exercised it. The device is in
   * RUNNING before and after.
   */
  public byte[] savedState() throws VerdictException, DeviceException {
    byte[] known = savedState;
    if (known == null) {
      known = saveState();
      savedState = known;
    }
    return known;
  }

  private byte[] saveState() throws VerdictException, DeviceException {
    profile().exercise(probe());
    SavingSession session = openSaving(DeviceState.STOP_COPY);
    byte[] state = sessionIo.readAll(session);
    resetDevice();
    return state;
  }

  /** Writes a state, or the beginning of one, as a precondition of the check. */
  public void write(ResumingSession session, byte[] state) throws VerdictException, DeviceException {
    Optional<DeviceException> failure = Expect.failureOf(() -> sessionIo.write(session, state));
    if (failure.isPresent()) {
      throw loadBlocked(failure.get());
    }
  }

  /** Writes a complete state in RESUMING and enters STOP, as a precondition of the check. */
  public void load(byte[] state) throws VerdictException, DeviceException {
    write(openResuming(), state);
    Optional<DeviceException> failure = Expect.failureOf(() -> move(DeviceState.STOP));
    if (failure.isPresent()) {
      throw loadBlocked(failure.get());
    }
  }

  private static VerdictException loadBlocked(DeviceException failure) {
    return VerdictException.blocked(CheckIds.RESUMING_WHOLE, "a state that can be loaded",
        String.valueOf(failure.getMessage()));
  }

  /** Drives the device into ERROR; if that is not possible, the check is not applicable. */
  public void provokeError() throws VerdictException, DeviceException {
    profile().provokeError(probe());
    if (device().state() == DeviceState.ERROR) {
      return;
    }
    resetDevice();
    ErrorTransition known = errorTransition;
    if (known != null && known.from != DeviceState.RESUMING) {
      enterFromRunning(known.from);
      Expect.failureOf(() -> device().moveTo(known.target)); // Only the state it reaches matters.
    }
    if (device().state() != DeviceState.ERROR) {
      throw VerdictException.notApplicable("no means is known to drive the device into ERROR");
    }
  }

  @Override
  public void close() {
    sessions.forEach(DataSession::close);
    sessionIo.close();
  }
}
