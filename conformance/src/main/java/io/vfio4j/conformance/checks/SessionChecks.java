// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.checks;

import io.vfio4j.conformance.harness.CheckContext;
import io.vfio4j.conformance.harness.CheckIds;
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

/** The lifetime of data sessions. */
final class SessionChecks {

  private SessionChecks() {
  }

  static void addTo(CheckPlan plan, MigrationFeatures features) {
    for (DeviceState from : DeviceState.values()) {
      boolean hasSession = from.isSaving() || from == DeviceState.RESUMING;
      if (hasSession && features.supports(from)) {
        plan.add(CheckGroup.SESSIONS, "over after " + from,
            "Leaving %s for any state outside its group ends the session, which then returns ENODEV."
                .formatted(from),
            SpecReferences.SESSIONS, context -> expectEndedByEveryExit(context, from));
      }
    }
    plan.add(CheckGroup.SESSIONS, "kept",
        "Within the saving group the session continues, and no other begins.",
        SpecReferences.SESSIONS, SessionChecks::expectKept);
    plan.add(CheckGroup.SESSIONS, "again", "Each saving session reads a complete state.",
        SpecReferences.SESSIONS,
        SessionChecks::saveTwice);
    plan.add(CheckGroup.SESSIONS, "closed",
        "Closing a session does not change the state, and the device can still be moved.",
        SpecReferences.DEVICE_STATE, SessionChecks::closeEarly);
    plan.add(CheckGroup.SESSIONS, "over for the device too",
        "When no session is open, the device itself refuses to read or write a state.",
        SpecReferences.SESSIONS,
        SessionChecks::useEndedSession);
  }

  private static void expectEndedByEveryExit(CheckContext context, DeviceState from)
      throws VerdictException, DeviceException {
    for (DeviceState to : DeviceState.values()) {
      boolean leaves = to != from && !(from.isSaving() && to.isSaving());
      if (!leaves || context.path(from, to).isEmpty()) {
        continue;
      }
      context.resetDevice();
      DataSession session = context.enterFromRunning(from).orElseThrow();
      context.enter(to);
      try {
        ResetChecks.expectEnded(context, session);
      } catch (VerdictException e) {
        if (e.verdict() instanceof Verdict.Failure(String expected, String observed)) {
          throw VerdictException.failed("%s: %s".formatted(CheckIds.transitionName(from, to), expected),
              observed);
        }
        throw e;
      }
    }
  }

  private static void expectKept(CheckContext context) throws VerdictException, DeviceException {
    context.require(MigrationFeature.PRE_COPY);
    SavingSession session = context.openSaving(DeviceState.PRE_COPY);
    if (context.features().has(MigrationFeature.P2P)) {
      expectContinued(context, session, DeviceState.PRE_COPY_P2P);
      expectContinued(context, session, DeviceState.PRE_COPY);
    }
    expectContinued(context, session, DeviceState.STOP_COPY);
  }

  private static void expectContinued(CheckContext context, SavingSession session, DeviceState target)
      throws VerdictException, DeviceException {
    if (context.enter(target).session().isPresent()) {
      throw VerdictException.failed("the session continues in " + target, "another session begins");
    }
    context.sessionIo().readByte(session);
  }

  private static void saveTwice(CheckContext context) throws VerdictException, DeviceException {
    context.profile().exercise(context.probe());
    byte[] first = context.sessionIo().readAll(context.openSaving(DeviceState.STOP_COPY));
    context.enter(DeviceState.STOP);
    byte[] second = context.sessionIo().readAll(context.openSaving(DeviceState.STOP_COPY));
    if (first.length > 0 && second.length == 0) {
      throw VerdictException.failed("a second session reads the state again", "it reads nothing");
    }
    context.resetDevice();
    context.load(second);
  }

  private static void closeEarly(CheckContext context) throws VerdictException, DeviceException {
    SavingSession session = context.openSaving(DeviceState.STOP_COPY);
    session.close();
    Expect.state(context, DeviceState.STOP_COPY, "after the session was closed");
    context.enter(DeviceState.RUNNING);
  }

  /**
   * Uses an ended session. How a session is named differs between interfaces, and so does the errno; any
   * refusal passes.
   */
  private static void useEndedSession(CheckContext context) throws VerdictException, DeviceException {
    context.requireVersion2();
    var probe =
        context.require(DeviceProbe.EndedSessionProbe.class, "use a session that has ended");
    context.enterFromRunning(DeviceState.STOP_COPY);
    context.enter(DeviceState.STOP);
    expectRefusals(context, probe, "in STOP");
    context.enter(DeviceState.RUNNING);
    expectRefusals(context, probe, "in RUNNING");
    context.enterFromRunning(DeviceState.RESUMING);
    context.enter(DeviceState.STOP);
    expectRefusals(context, probe, "in STOP after RESUMING");
  }

  private static void expectRefusals(CheckContext context, DeviceProbe.EndedSessionProbe probe, String where)
      throws VerdictException, DeviceException {
    Expect.refused("reading a state " + where, () -> probe.read(context.sessionIo().buffer(64)), Errno.ENODEV,
        Errno.EINVAL, Errno.EBADF);
    Expect.refused("writing a state " + where, () -> probe.write(context.sessionIo().buffer(64)),
        Errno.ENODEV,
        Errno.EINVAL, Errno.EBADF);
  }
}
