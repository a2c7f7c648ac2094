// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.observe;

import io.vfio4j.conformance.harness.Expect;
import io.vfio4j.conformance.harness.VerdictException;
import io.vfio4j.conformance.setup.DeviceInfos;
import io.vfio4j.conformance.setup.DeviceUse;
import io.vfio4j.conformance.setup.ObservationOptions;
import io.vfio4j.conformance.setup.ObservedDevice;
import io.vfio4j.model.DataSession;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceLostException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.DmaLog;
import io.vfio4j.model.IovaRange;
import io.vfio4j.model.MigrationFeature;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.SavingSession;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The observed device, and the requests that checks share. Used by one thread. */
final class ObservationContext implements AutoCloseable {

  private static final int BUFFER_BYTES = 1 << 20;

  private final ObservedDevice observed;
  private final ObservationOptions options;
  private final CallTimer timer;
  private final Arena arena = Arena.ofConfined();
  private final MemorySegment buffer = arena.allocate(BUFFER_BYTES, Long.BYTES);
  private final List<String> deviations = new ArrayList<>();
  private final List<DataSession> sessions = new ArrayList<>();
  private final List<String> drift = new ArrayList<>();
  private @Nullable VerdictException driftFailure;
  private Snapshot baseline;
  private boolean logging;

  /**
   * Creates the context.
   *
   * @throws DeviceException if the server does not answer
   */
  ObservationContext(ObservedDevice observed, ObservationOptions options) throws DeviceException {
    this.observed = observed;
    this.options = options;
    this.timer = new CallTimer(options);
    try {
      this.baseline = snapshot();
    } catch (DeviceException | RuntimeException e) {
      arena.close();
      throw e;
    }
  }

  /** Returns what could be seen after the last check, or before the first one. */
  Snapshot baseline() {
    return baseline;
  }

  /** Sets what could be seen after a check; what it has changed is judged. */
  void rebase(Snapshot after) {
    baseline = after;
  }

  /** Records what has changed between two checks, for the check that judges the whole run. */
  void recordDrift(Snapshot now) {
    try {
      drift.addAll(Disturbance.find(baseline, now));
    } catch (VerdictException e) {
      driftFailure = driftFailure == null ? e : driftFailure;
    }
  }

  /** Expects that nothing has changed between the checks. */
  void expectNoDrift() throws VerdictException {
    if (driftFailure != null) {
      throw driftFailure;
    }
    deviations.addAll(drift);
  }

  CallTimer timer() {
    return timer;
  }

  ObservationOptions options() {
    return options;
  }

  MigrationFeatures features() {
    return observed.device().features();
  }

  void require(MigrationFeature feature) throws VerdictException {
    if (!features().has(feature)) {
      throw VerdictException.notApplicable("the device does not support " + feature);
    }
  }

  // Requests.

  DeviceState state() throws DeviceException {
    return timer.time("a query of the state", () -> observed.device().state());
  }

  DeviceUse use() throws DeviceException {
    return timer.time("CONTROL_INFO", observed::use);
  }

  DeviceInfos infos() throws DeviceException {
    return timer.time("reading the infos", observed::infos);
  }

  byte[] configSpace() throws DeviceException {
    return timer.time("reading config space", observed::configSpace);
  }

  void queryLength() throws DeviceException {
    timer.time("a query of the size of the state", () -> observed.device().stopCopyLength());
  }

  /** Returns the vendor and device id, as the identity of the device has them. */
  int ids() {
    return observed.device().identity().deviceId() << 16 | observed.device().identity().vendorId();
  }

  Optional<DmaLog> dmaLog() {
    return observed.device().dmaLog();
  }

  /** Starts the DMA log, which is stopped after the check at the latest. */
  long startLog(DmaLog log, List<IovaRange> ranges, long pageSize) throws DeviceException {
    long chosen = timer.time("starting the DMA log", () -> log.start(ranges, pageSize));
    logging = true;
    return chosen;
  }

  void stopLog() throws DeviceException {
    if (logging) {
      logging = false;
      timer.time("stopping the DMA log", () -> {
        observed.device().dmaLog().orElseThrow().stop();
        return Boolean.TRUE;
      });
    }
  }

  void report(DmaLog log, IovaRange range, long pageSize, MemorySegment bitmap) throws DeviceException {
    timer.time("a report of the DMA log", () -> {
      log.report(range, pageSize, bitmap);
      return Boolean.TRUE;
    });
  }

  /** Reads at most 1 MiB of a state, and returns the result of the session's read. */
  long read(SavingSession session) throws DeviceException {
    return timer.time("reading the state", () -> session.read(buffer));
  }

  /** Moves the device, and expects that it reaches the state. */
  Optional<DataSession> move(DeviceState target) throws VerdictException, DeviceException {
    DeviceState from = state();
    try {
      Optional<DataSession> session =
          timer.time("the transition from %s to %s".formatted(from, target),
              () -> observed.device().moveTo(target)).session();
      session.ifPresent(sessions::add);
      DeviceState reached = state();
      if (reached != target) {
        throw VerdictException.failed("%s > %s".formatted(from, target), "the device is in " + reached);
      }
      return session;
    } catch (DeviceLostException e) {
      throw e;
    } catch (DeviceException e) {
      throw VerdictException.failed("%s > %s".formatted(from, target), String.valueOf(e.getMessage()));
    }
  }

  /** Moves the device to a state in which a saving session begins. */
  SavingSession openSaving(DeviceState target) throws VerdictException, DeviceException {
    if (move(target).orElse(null) instanceof SavingSession session) {
      return session;
    }
    throw VerdictException.failed("a saving session begins in " + target, "none begins");
  }

  /** Expects that no message of the VMM waits in the current state. */
  void expectNotHeld() throws VerdictException, DeviceException {
    if (use().isHeld()) {
      throw VerdictException.failed("messages of the VMM are handled in " + state(), "they wait");
    }
  }

  /** Connects once more, and returns why the server refused that; empty if it did not. */
  Optional<DeviceException> connectTwice() throws DeviceException {
    return Expect.failureOf(observed::connectTwice);
  }

  /** Disconnects and connects again. */
  void reopen() throws DeviceException {
    closeSessions();
    logging = false;
    observed.reopen();
  }

  // Around each check.

  void reportDeviation(String what) {
    deviations.add(what);
  }

  List<String> drainDeviations() {
    List<String> taken = List.copyOf(deviations);
    deviations.clear();
    return taken;
  }

  /** Returns what can be seen now; empty infos or config space if they cannot be read, which has checks of its own. */
  Snapshot snapshot() throws DeviceException {
    return new Snapshot(state(), use(), features(),
        orElse(this::infos, new DeviceInfos(List.of(), List.of())), orElse(this::configSpace, new byte[0]));
  }

  private static <T> T orElse(CallTimer.Call<T> call, T other) throws DeviceLostException {
    try {
      return call.send();
    } catch (DeviceLostException e) {
      throw e;
    } catch (DeviceException e) {
      return other;
    }
  }

  /**
   * Stops the device for some requests, and returns it to RUNNING whatever they do.
   *
   * @throws VerdictException as the requests, or if the device does not reach one of the states
   */
  void pause(PausedBody body) throws VerdictException, DeviceException {
    long start = timer.now();
    try {
      body.run(openSaving(DeviceState.STOP_COPY), start);
    } catch (VerdictException | DeviceException e) {
      settle();
      timer.recordPause(timer.now() - start);
      throw e;
    }
    move(DeviceState.RUNNING);
    timer.recordPause(timer.now() - start);
  }

  /** Requests to a stopped device. */
  @FunctionalInterface
  interface PausedBody {

    /**
     * Sends the requests.
     *
     * @param start when the device began to stop, by the timer's clock
     */
    void run(SavingSession session, long start) throws VerdictException, DeviceException;
  }

  /** Stops the log, and returns the device to RUNNING, if the check has not done so. */
  void settle() throws DeviceException {
    stopLog();
    if (state() != DeviceState.RUNNING) {
      observed.device().moveTo(DeviceState.RUNNING);
    }
    closeSessions();
  }

  private void closeSessions() {
    sessions.forEach(DataSession::close);
    sessions.clear();
  }

  @Override
  public void close() {
    closeSessions();
    arena.close();
  }
}
