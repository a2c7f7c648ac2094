// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.checks;

import io.vfio4j.conformance.harness.CheckContext;
import io.vfio4j.conformance.harness.Expect;
import io.vfio4j.conformance.harness.SpecReferences;
import io.vfio4j.conformance.harness.VerdictException;
import io.vfio4j.conformance.report.CheckGroup;
import io.vfio4j.model.DataSession;
import io.vfio4j.model.DeviceException;

import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.MigrationFeature;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.ResumingSession;
import io.vfio4j.model.SavingSession;
import java.util.Arrays;

/** Reset, in every state and during sessions. */
final class ResetChecks {

  private ResetChecks() {
  }

  static void addFromStates(CheckPlan plan, MigrationFeatures features) {
    addFrom(plan, DeviceState.RUNNING);
    for (DeviceState from : DeviceState.values()) {
      if (from != DeviceState.ERROR && from != DeviceState.RUNNING && features.supports(from)) {
        addFrom(plan, from);
      }
    }
    plan.add(CheckGroup.RESET, "twice", "A reset right after a reset changes nothing.", SpecReferences.RESET,
        context -> {
          resetAndExpectRunning(context);
          resetAndExpectRunning(context);
        });
  }

  static void addDuringSessions(CheckPlan plan) {
    plan.add(CheckGroup.RESET, "while saving",
        "A reset while a state is being read ends the session (ENODEV) and leads to RUNNING.",
        SpecReferences.RESET,
        context -> {
          context.profile().exercise(context.probe());
          SavingSession session = context.openSaving(DeviceState.STOP_COPY);
          context.sessionIo().readByte(session);
          resetAndExpectRunning(context);
          expectEnded(context, session);
        });
    plan.add(CheckGroup.RESET, "while saving and running",
        "A reset during pre-copy ends the session (ENODEV) and leads to RUNNING.",
        SpecReferences.RESET,
        context -> {
          context.require(MigrationFeature.PRE_COPY);
          SavingSession session = context.openSaving(DeviceState.PRE_COPY);
          context.sessionIo().readByte(session);
          resetAndExpectRunning(context);
          expectEnded(context, session);
        });
    plan.add(CheckGroup.RESET, "while resuming",
        "A reset while a state is being written ends the session (ENODEV) and leads to RUNNING.",
        SpecReferences.RESET,
        ResetChecks::resetWhileResuming);
  }

  /** Adds the check that runs last; nothing is done to the device after it. */
  static void addLast(CheckPlan plan) {
    plan.add(CheckGroup.RESET, "at the end", "After all checks, the device is left in RUNNING.",
        SpecReferences.RESET,
        context -> Expect.state(context, DeviceState.RUNNING, "at the end"));
  }

  private static void addFrom(CheckPlan plan, DeviceState from) {
    plan.add(CheckGroup.RESET, "from " + from,
        "A reset in %s leads to RUNNING, and the device can be moved again."
            .formatted(from),
        SpecReferences.RESET, context -> {
          DataSession session = null;
          if (from.isSaving()) {
            session = context.openSaving(from);
          } else if (from == DeviceState.RESUMING) {
            session = context.openResuming(); // Nothing is written: only a reset leaves it.
          } else if (from != DeviceState.RUNNING) {
            context.enter(from);
          }
          resetAndExpectRunning(context);
          if (session != null) {
            expectEnded(context, session);
          }
          context.enter(DeviceState.STOP);
        });
  }

  private static void resetWhileResuming(CheckContext context) throws VerdictException, DeviceException {
    byte[] state = context.savedState();
    ResumingSession session = context.openResuming();
    context.write(session, Arrays.copyOf(state, state.length / 2 & -Long.BYTES));
    resetAndExpectRunning(context);
    expectEnded(context, session);
  }

  static void resetAndExpectRunning(CheckContext context) throws VerdictException, DeviceException {
    Expect.succeeds("the reset succeeds", context::resetOnly);
    Expect.state(context, DeviceState.RUNNING, "after a reset");
  }

  static void expectEnded(CheckContext context, DataSession session)
      throws VerdictException, DeviceException {
    switch (session) {
      case SavingSession saving -> Expect.refused("reading from the ended session",
          () -> saving.read(context.sessionIo().buffer(1)), Errno.ENODEV);
      case ResumingSession resuming -> Expect.refused("writing to the ended session",
          () -> resuming.write(context.sessionIo().buffer(1)), Errno.ENODEV);
    }
  }
}
