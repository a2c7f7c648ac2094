// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.checks;

import io.vfio4j.conformance.harness.CheckContext;
import io.vfio4j.conformance.harness.Expect;
import io.vfio4j.conformance.harness.SpecReferences;
import io.vfio4j.conformance.harness.VerdictException;
import io.vfio4j.conformance.report.CheckGroup;
import io.vfio4j.conformance.report.Verdict;
import io.vfio4j.model.DataSession;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceProbe;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.MigrationFeature;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.SavingSession;

/** Life and death of data sessions. */
public final class SessionChecks {

  public static final String KEPT = "sessions/kept";

  private SessionChecks() {
  }

  static void addTo(CheckPlan plan, MigrationFeatures features) {
    for (DeviceState from : DeviceState.values()) {
      boolean hasSession = from.isSaving() || from == DeviceState.RESUMING;
      if (hasSession && features.supports(from)) {
        plan.add(CheckGroup.SESSIONS, "over after " + from,
            "Leaving %s for any state outside its group ends the session: ENODEV from then on."
                .formatted(from),
            SpecReferences.SESSIONS, bench -> expectEndedByEveryExit(bench, from));
      }
    }
    plan.add(CheckGroup.SESSIONS, "kept", "Within the saving group the session goes on, and no other begins.",
        SpecReferences.SESSIONS, SessionChecks::expectKept);
    plan.add(CheckGroup.SESSIONS, "again", "Each saving session reads out a whole state anew.",
        SpecReferences.SESSIONS,
        SessionChecks::saveTwice);
    plan.add(CheckGroup.SESSIONS, "closed",
        "Closing a session changes no state, and the device can be moved on.",
        SpecReferences.DEVICE_STATE, SessionChecks::closeEarly);
    plan.add(CheckGroup.SESSIONS, "over for the device too",
        "When no session is open the device itself refuses to read or take a state.", SpecReferences.SESSIONS,
        SessionChecks::useEndedSession);
  }

  private static void expectEndedByEveryExit(CheckContext bench, DeviceState from)
      throws VerdictException, DeviceException {
    for (DeviceState to : DeviceState.values()) {
      boolean leaves = to != from && !(from.isSaving() && to.isSaving());
      if (!leaves || bench.path(from, to).isEmpty()) {
        continue;
      }
      bench.resetDevice();
      DataSession session = bench.enterFromRunning(from).orElseThrow();
      bench.enter(to);
      try {
        ResetChecks.expectEnded(bench, session);
      } catch (VerdictException judgement) {
        if (judgement.verdict() instanceof Verdict.Failure(String expected, String observed)) {
          throw VerdictException.failed("%s: %s".formatted(TransitionChecks.name(from, to), expected),
              observed);
        }
        throw judgement;
      }
    }
  }

  private static void expectKept(CheckContext bench) throws VerdictException, DeviceException {
    bench.require(MigrationFeature.PRE_COPY);
    SavingSession session = bench.openSaving(DeviceState.PRE_COPY);
    if (bench.features().has(MigrationFeature.P2P)) {
      expectContinued(bench, session, DeviceState.PRE_COPY_P2P);
      expectContinued(bench, session, DeviceState.PRE_COPY);
    }
    expectContinued(bench, session, DeviceState.STOP_COPY);
  }

  private static void expectContinued(CheckContext bench, SavingSession session, DeviceState target)
      throws VerdictException, DeviceException {
    if (bench.enter(target).session().isPresent()) {
      throw VerdictException.failed("the session goes on in " + target, "another session begins");
    }
    bench.sessionIo().readByte(session);
  }

  private static void saveTwice(CheckContext bench) throws VerdictException, DeviceException {
    bench.profile().exercise(bench.probe());
    byte[] first = bench.sessionIo().readAll(bench.openSaving(DeviceState.STOP_COPY));
    bench.enter(DeviceState.STOP);
    byte[] second = bench.sessionIo().readAll(bench.openSaving(DeviceState.STOP_COPY));
    if (first.length > 0 && second.length == 0) {
      throw VerdictException.failed("a second session reads out the state again", "nothing");
    }
    bench.resetDevice();
    bench.load(second);
  }

  private static void closeEarly(CheckContext bench) throws VerdictException, DeviceException {
    SavingSession session = bench.openSaving(DeviceState.STOP_COPY);
    session.close();
    Expect.state(bench, DeviceState.STOP_COPY, "after the session was closed");
    bench.enter(DeviceState.RUNNING);
  }

  /** What there is to name a session by differs, and so does the errno; that it is a refusal matters. */
  private static void useEndedSession(CheckContext bench) throws VerdictException, DeviceException {
    bench.requireVersion2();
    var probe =
        bench.require(DeviceProbe.EndedSessionProbe.class, "use a session that the user's side has given up");
    bench.enterFromRunning(DeviceState.STOP_COPY);
    bench.enter(DeviceState.STOP);
    expectRefusals(bench, probe, "in STOP");
    bench.enter(DeviceState.RUNNING);
    expectRefusals(bench, probe, "in RUNNING");
    bench.enterFromRunning(DeviceState.RESUMING);
    bench.enter(DeviceState.STOP);
    expectRefusals(bench, probe, "in STOP after RESUMING");
  }

  private static void expectRefusals(CheckContext bench, DeviceProbe.EndedSessionProbe probe, String where)
      throws VerdictException, DeviceException {
    Expect.refused("reading a state " + where, () -> probe.read(bench.sessionIo().buffer(64)), Errno.ENODEV,
        Errno.EINVAL, Errno.EBADF);
    Expect.refused("writing a state " + where, () -> probe.write(bench.sessionIo().buffer(64)), Errno.ENODEV,
        Errno.EINVAL, Errno.EBADF);
  }
}
