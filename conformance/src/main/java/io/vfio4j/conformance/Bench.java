// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance;

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
final class Bench implements AutoCloseable {

  /** A move that led into ERROR: a way to get there again. */
  private record WayToError(DeviceState from, DeviceState target) {
  }

  private final Subject subject;
  private final Stopwatch stopwatch;
  private final Streams streams;
  private final DeviceState opened;
  private final MigrationFeatures features;
  private final List<DataSession> sessions = new ArrayList<>();
  private final List<String> deviations = new ArrayList<>();
  private boolean logging;
  private byte @Nullable [] whole;
  private @Nullable WayToError wayToError;

  /** Takes a device that has just been opened. */
  Bench(Subject subject, ConformanceOptions options) throws DeviceException {
    this.subject = subject;
    this.stopwatch = new Stopwatch(options);
    this.opened = device().state();
    this.features = device().features();
    this.streams = new Streams(stopwatch, options.mostState());
  }

  MigratableDevice device() {
    return subject.probe().device();
  }

  DeviceProbe probe() {
    return subject.probe();
  }

  KnownDevice known() {
    return subject.known();
  }

  MigrationFeatures features() {
    return features;
  }

  Streams streams() {
    return streams;
  }

  Stopwatch stopwatch() {
    return stopwatch;
  }

  /** Returns the state in which the device was when the suite got it. */
  DeviceState opened() {
    return opened;
  }

  /** Returns what the check so far found to be mentioned, and forgets it. */
  List<String> takeDeviations() {
    List<String> taken = List.copyOf(deviations);
    deviations.clear();
    return taken;
  }

  /** Notes something that is allowed, but that users should know. The check goes on. */
  void deviates(String what) {
    deviations.add(what);
  }

  // What a check needs to be applicable.

  /** Returns the probe if it can do something. */
  <P extends DeviceProbe> P needs(Class<P> ability, String what) throws Judgement {
    if (!ability.isInstance(probe())) {
      throw Judgement.notApplicable("there is no way here to " + what);
    }
    return ability.cast(probe());
  }

  void needsVersion2() throws Judgement {
    if (device().segmentation().isPresent()) {
      throw Judgement.notApplicable("there is no such thing in version 1");
    }
  }

  void needs(MigrationFeature feature) throws Judgement {
    if (!features.has(feature)) {
      throw Judgement.notApplicable("the device has no " + feature);
    }
  }

  void needs(DeviceState state) throws Judgement {
    if (!features.supports(state)) {
      throw Judgement.notApplicable("the device has no " + state);
    }
  }

  // What happens around each check.

  /** Brings the device to RUNNING, by a reset and if that is not enough by all other means. */
  void refresh() throws Judgement, DeviceException {
    stopLogging();
    DeviceState left = device().state();
    Optional<DeviceException> failure = Expect.failure(() -> device().reset());
    sessions.forEach(DataSession::close);
    sessions.clear();
    if (device().state() == DeviceState.RUNNING || moveBack() || reopen()) {
      return;
    }
    boolean hasV1Only = device().segmentation().isPresent();
    throw Judgement.blocked(hasV1Only ? RegionStateChecks.RESET : ResetChecks.from(left),
        "RUNNING after a reset in " + left,
        failure.map(Throwable::getMessage).orElse(device().state().toString()));
  }

  /** Resets the device as far as that can be done, when no check follows. Returns what it is in: a clause. */
  String leave() {
    String name = device().identity().name();
    try {
      refresh();
      return "%s has been reset, and is in %s".formatted(name, device().state());
    } catch (Judgement | DeviceException e) {
      return "%s could not be reset: %s".formatted(name, e.getMessage());
    }
  }

  private boolean moveBack() throws DeviceException {
    return Expect.failure(() -> device().moveTo(DeviceState.RUNNING)).isEmpty()
        && device().state() == DeviceState.RUNNING;
  }

  private boolean reopen() throws DeviceException {
    if (!(probe() instanceof DeviceProbe.ReopenProbe reopening)) {
      return false;
    }
    reopening.reopen();
    return device().state() == DeviceState.RUNNING;
  }

  void startedLogging() {
    logging = true;
  }

  void stopLogging() throws DeviceException {
    if (logging) {
      logging = false;
      device().dmaLog().orElseThrow().stop();
    }
  }

  // Moves.

  /** Moves the device, as the matter of the check. */
  TransitionResult move(DeviceState target) throws DeviceException {
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
        wayToError = new WayToError(from, target);
      }
      throw e;
    } finally {
      stopwatch.moved(from + " > " + target, begun);
    }
  }

  /** Moves the device, as a condition of the check. The checks of single transitions judge it. */
  TransitionResult go(DeviceState target) throws Judgement, DeviceException {
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

  private static Judgement blocked(DeviceState from, DeviceState target, String observed) {
    String cause = from == DeviceState.RESUMING ? ResumingChecks.WHOLE : TransitionChecks.id(from, target);
    return Judgement.blocked(cause, "%s, to begin with".formatted(target), observed);
  }

  /** Goes to a state of the saving group from outside. */
  SavingSession save(DeviceState target) throws Judgement, DeviceException {
    DeviceState from = device().state();
    if (go(target).session().orElse(null) instanceof SavingSession session) {
      return session;
    }
    throw blocked(from, target, "no saving session");
  }

  /** Goes to RESUMING. */
  ResumingSession resume() throws Judgement, DeviceException {
    DeviceState from = device().state();
    if (go(DeviceState.RESUMING).session().orElse(null) instanceof ResumingSession session) {
      return session;
    }
    throw blocked(from, DeviceState.RESUMING, "no resuming session");
  }

  /** Goes from RUNNING to a state, with the session that is open there. RESUMING has a whole state written. */
  Optional<DataSession> goFromRunning(DeviceState target) throws Judgement, DeviceException {
    if (target == DeviceState.RUNNING) {
      return Optional.empty();
    }
    if (target.isSaving()) {
      return Optional.of(save(target));
    }
    if (target == DeviceState.RESUMING) {
      byte[] state = whole();
      ResumingSession session = resume();
      write(session, state);
      return Optional.of(session);
    }
    go(target);
    return Optional.empty();
  }

  Optional<List<DeviceState>> path(DeviceState from, DeviceState to) {
    return NextState.of(features).path(from, to);
  }

  // States, as streams.

  /**
   * Returns a state that the device saved in STOP_COPY after it had done something. The device is in RUNNING before
   * and after.
   */
  byte[] whole() throws Judgement, DeviceException {
    byte[] known = whole;
    if (known == null) {
      known = saveWhole();
      whole = known;
    }
    return known;
  }

  private byte[] saveWhole() throws Judgement, DeviceException {
    known().exercise(probe());
    SavingSession session = save(DeviceState.STOP_COPY);
    byte[] state = streams.readAll(session);
    refresh();
    return state;
  }

  /** Writes a state, or its beginning. That this works is the matter of the check that loads a whole one. */
  void write(ResumingSession session, byte[] state) throws Judgement, DeviceException {
    Optional<DeviceException> failure = Expect.failure(() -> streams.write(session, state));
    if (failure.isPresent()) {
      throw cannotLoad(failure.get());
    }
  }

  /** Writes a whole state in RESUMING, and leaves it for STOP. */
  void load(byte[] state) throws Judgement, DeviceException {
    write(resume(), state);
    Optional<DeviceException> failure = Expect.failure(() -> move(DeviceState.STOP));
    if (failure.isPresent()) {
      throw cannotLoad(failure.get());
    }
  }

  private static Judgement cannotLoad(DeviceException failure) {
    return Judgement.blocked(ResumingChecks.WHOLE, "a state that can be loaded",
        String.valueOf(failure.getMessage()));
  }

  // ERROR.

  /** Drives the device into ERROR. */
  void provokeError() throws Judgement, DeviceException {
    known().provokeError(probe());
    if (device().state() == DeviceState.ERROR) {
      return;
    }
    refresh();
    WayToError way = wayToError;
    if (way != null && way.from != DeviceState.RESUMING) {
      goFromRunning(way.from);
      Expect.failure(() -> device().moveTo(way.target)); // What the state is then matters.
    }
    if (device().state() != DeviceState.ERROR) {
      throw Judgement.notApplicable("nothing here drives the device into ERROR");
    }
  }

  @Override
  public void close() {
    sessions.forEach(DataSession::close);
    streams.close();
  }
}
