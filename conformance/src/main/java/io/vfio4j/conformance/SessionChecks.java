// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance;

import io.vfio4j.model.DataSession;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceProbe;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.MigrationFeature;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.SavingSession;

/** Life and death of data sessions. */
final class SessionChecks {

  static final String KEPT = "sessions/kept";

  private SessionChecks() {
  }

  static void addTo(Plan plan, MigrationFeatures features) {
    for (DeviceState from : DeviceState.values()) {
      boolean hasSession = from.isSaving() || from == DeviceState.RESUMING;
      if (hasSession && features.supports(from)) {
        plan.add(Group.SESSIONS, "over after " + from,
            "Leaving %s for any state outside its group ends the session: ENODEV from then on."
                .formatted(from),
            Sources.SESSIONS, bench -> leaveForAll(bench, from));
      }
    }
    plan.add(Group.SESSIONS, "kept", "Within the saving group the session goes on, and no other begins.",
        Sources.SESSIONS, SessionChecks::keep);
    plan.add(Group.SESSIONS, "again", "Each saving session reads out a whole state anew.", Sources.SESSIONS,
        SessionChecks::saveTwice);
    plan.add(Group.SESSIONS, "closed", "Closing a session changes no state, and the device can be moved on.",
        Sources.DEVICE_STATE, SessionChecks::closeEarly);
    plan.add(Group.SESSIONS, "over for the device too",
        "When no session is open the device itself refuses to read or take a state.", Sources.SESSIONS,
        SessionChecks::useDead);
  }

  private static void leaveForAll(Bench bench, DeviceState from) throws Judgement, DeviceException {
    for (DeviceState to : DeviceState.values()) {
      boolean leaves = to != from && !(from.isSaving() && to.isSaving());
      if (!leaves || bench.path(from, to).isEmpty()) {
        continue;
      }
      bench.refresh();
      DataSession session = bench.goFromRunning(from).orElseThrow();
      bench.go(to);
      try {
        ResetChecks.expectDead(bench, session);
      } catch (Judgement judgement) {
        if (judgement.verdict() instanceof Verdict.Failed(String expected, String observed)) {
          throw Judgement.failed("%s: %s".formatted(TransitionChecks.name(from, to), expected), observed);
        }
        throw judgement;
      }
    }
  }

  private static void keep(Bench bench) throws Judgement, DeviceException {
    bench.needs(MigrationFeature.PRE_COPY);
    SavingSession session = bench.save(DeviceState.PRE_COPY);
    if (bench.features().has(MigrationFeature.P2P)) {
      moveOn(bench, session, DeviceState.PRE_COPY_P2P);
      moveOn(bench, session, DeviceState.PRE_COPY);
    }
    moveOn(bench, session, DeviceState.STOP_COPY);
  }

  private static void moveOn(Bench bench, SavingSession session, DeviceState target)
      throws Judgement, DeviceException {
    if (bench.go(target).session().isPresent()) {
      throw Judgement.failed("the session goes on in " + target, "another session begins");
    }
    bench.streams().touch(session);
  }

  private static void saveTwice(Bench bench) throws Judgement, DeviceException {
    bench.known().exercise(bench.probe());
    byte[] first = bench.streams().readAll(bench.save(DeviceState.STOP_COPY));
    bench.go(DeviceState.STOP);
    byte[] second = bench.streams().readAll(bench.save(DeviceState.STOP_COPY));
    if (first.length > 0 && second.length == 0) {
      throw Judgement.failed("a second session reads out the state again", "nothing");
    }
    bench.refresh();
    bench.load(second);
  }

  private static void closeEarly(Bench bench) throws Judgement, DeviceException {
    SavingSession session = bench.save(DeviceState.STOP_COPY);
    session.close();
    Expect.state(bench, DeviceState.STOP_COPY, "after the session was closed");
    bench.go(DeviceState.RUNNING);
  }

  /** What there is to name a session by differs, and so does the errno; that it is a refusal matters. */
  private static void useDead(Bench bench) throws Judgement, DeviceException {
    bench.needsVersion2();
    var probe =
        bench.needs(DeviceProbe.EndedSessionProbe.class, "use a session that the user's side has given up");
    bench.goFromRunning(DeviceState.STOP_COPY);
    bench.go(DeviceState.STOP);
    expectRefusals(bench, probe, "in STOP");
    bench.go(DeviceState.RUNNING);
    expectRefusals(bench, probe, "in RUNNING");
    bench.goFromRunning(DeviceState.RESUMING);
    bench.go(DeviceState.STOP);
    expectRefusals(bench, probe, "in STOP after RESUMING");
  }

  private static void expectRefusals(Bench bench, DeviceProbe.EndedSessionProbe probe, String where)
      throws Judgement, DeviceException {
    Expect.refused("reading a state " + where, () -> probe.read(bench.streams().buffer(64)), Errno.ENODEV,
        Errno.EINVAL, Errno.EBADF);
    Expect.refused("writing a state " + where, () -> probe.write(bench.streams().buffer(64)), Errno.ENODEV,
        Errno.EINVAL, Errno.EBADF);
  }
}
