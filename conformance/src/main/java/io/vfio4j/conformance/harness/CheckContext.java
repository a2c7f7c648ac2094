// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.harness;

import io.vfio4j.conformance.checks.RegionStateChecks;
import io.vfio4j.conformance.checks.ResetChecks;
import io.vfio4j.conformance.checks.ResumingChecks;
import io.vfio4j.conformance.checks.TransitionChecks;
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

/** The device on the bench, and what every experiment needs. What cannot be had blocks the check that asked. */
public final class CheckContext implements AutoCloseable {

  /** A move that led into ERROR: a way to get there again. */
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

  /** Takes a device that has just been opened. */
  public CheckContext(DeviceUnderTest subject, ConformanceOptions options) throws DeviceException {
    this.deviceUnderTest = subject;
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

  /** Returns the state in which the device was when the suite got it. */
  public DeviceState initialState() {
    return initialState;
  }

  /** Returns what the check so far found to be mentioned, and forgets it. */
  public List<String> drainDeviations() {
    List<String> taken = List.copyOf(deviations);
    deviations.clear();
    return taken;
  }

  /** Notes something that is allowed, but that users should know. The check goes on. */
  public void reportDeviation(String what) {
    deviations.add(what);
  }

  // What a check needs to be applicable.

  /** Returns the probe if it can do something. */
  public <P extends DeviceProbe> P require(Class<P> ability, String what) throws VerdictException {
    if (!ability.isInstance(probe())) {
      throw VerdictException.notApplicable("there is no way here to " + what);
    }
    return ability.cast(probe());
  }

  public void requireVersion2() throws VerdictException {
    if (device().segmentation().isPresent()) {
      throw VerdictException.notApplicable("there is no such thing in version 1");
    }
  }

  public void require(MigrationFeature feature) throws VerdictException {
    if (!features.has(feature)) {
      throw VerdictException.notApplicable("the device has no " + feature);
    }
  }

  void require(DeviceState state) throws VerdictException {
    if (!features.supports(state)) {
      throw VerdictException.notApplicable("the device has no " + state);
    }
  }

  // What happens around each check.

  /** Brings the device to RUNNING, by a reset and if that is not enough by all other means. */
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
    throw VerdictException.blocked(hasV1Only ? RegionStateChecks.RESET : ResetChecks.id(left),
        "RUNNING after a reset in " + left,
        failure.map(Throwable::getMessage).orElse(device().state().toString()));
  }

  /** Resets the device as far as that can be done, when no check follows. Returns what it is in: a clause. */
  public String resetAndDescribe() {
    String name = device().identity().name();
    try {
      resetDevice();
      return "%s has been reset, and is in %s".formatted(name, device().state());
    } catch (VerdictException | DeviceException e) {
      return "%s could not be reset: %s".formatted(name, e.getMessage());
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

  // Moves.

  /** Moves the device, as the matter of the check. */
  public TransitionResult move(DeviceState target) throws DeviceException {
    DeviceState from = device().state();
    long begun = stopwatch.now();
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
      stopwatch.recordMove(from + " > " + target, begun);
    }
  }

  /** Moves the device, as a condition of the check. The checks of single transitions judge it. */
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
    String cause = from == DeviceState.RESUMING ? ResumingChecks.WHOLE : TransitionChecks.id(from, target);
    return VerdictException.blocked(cause, "%s, to begin with".formatted(target), observed);
  }

  /** Goes to a state of the saving group from outside. */
  public SavingSession openSaving(DeviceState target) throws VerdictException, DeviceException {
    DeviceState from = device().state();
    if (enter(target).session().orElse(null) instanceof SavingSession session) {
      return session;
    }
    throw blocked(from, target, "no saving session");
  }

  /** Goes to RESUMING. */
  public ResumingSession openResuming() throws VerdictException, DeviceException {
    DeviceState from = device().state();
    if (enter(DeviceState.RESUMING).session().orElse(null) instanceof ResumingSession session) {
      return session;
    }
    throw blocked(from, DeviceState.RESUMING, "no resuming session");
  }

  /** Goes from RUNNING to a state, with the session that is open there. RESUMING has a whole state written. */
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

  public Optional<List<DeviceState>> path(DeviceState from, DeviceState to) {
    return NextState.of(features).path(from, to);
  }

  // States, as streams.

  /**
   * Returns a state that the device saved in STOP_COPY after it had done something. The device is in RUNNING before
   * and after.
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

  /** Writes a state, or its beginning. That this works is the matter of the check that loads a whole one. */
  public void write(ResumingSession session, byte[] state) throws VerdictException, DeviceException {
    Optional<DeviceException> failure = Expect.failureOf(() -> sessionIo.write(session, state));
    if (failure.isPresent()) {
      throw loadBlocked(failure.get());
    }
  }

  /** Writes a whole state in RESUMING, and leaves it for STOP. */
  public void load(byte[] state) throws VerdictException, DeviceException {
    write(openResuming(), state);
    Optional<DeviceException> failure = Expect.failureOf(() -> move(DeviceState.STOP));
    if (failure.isPresent()) {
      throw loadBlocked(failure.get());
    }
  }

  private static VerdictException loadBlocked(DeviceException failure) {
    return VerdictException.blocked(ResumingChecks.WHOLE, "a state that can be loaded",
        String.valueOf(failure.getMessage()));
  }

  // ERROR.

  /** Drives the device into ERROR. */
  public void provokeError() throws VerdictException, DeviceException {
    profile().provokeError(probe());
    if (device().state() == DeviceState.ERROR) {
      return;
    }
    resetDevice();
    ErrorTransition way = errorTransition;
    if (way != null && way.from != DeviceState.RESUMING) {
      enterFromRunning(way.from);
      Expect.failureOf(() -> device().moveTo(way.target)); // What the state is then matters.
    }
    if (device().state() != DeviceState.ERROR) {
      throw VerdictException.notApplicable("nothing here drives the device into ERROR");
    }
  }

  @Override
  public void close() {
    sessions.forEach(DataSession::close);
    sessionIo.close();
  }
}
