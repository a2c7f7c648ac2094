// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.checks;

import io.vfio4j.conformance.harness.CheckContext;
import io.vfio4j.conformance.harness.Expect;
import io.vfio4j.conformance.harness.SpecReferences;
import io.vfio4j.conformance.harness.VerdictException;
import io.vfio4j.conformance.report.CheckGroup;
import io.vfio4j.model.DataSession;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceProbe;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.MigrationFeature;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.ResumingSession;
import io.vfio4j.model.SavingSession;
import java.util.Arrays;

/** Reset, from every state and in the middle of a session. */
public final class ResetChecks {

  public static final String FROM_RUNNING = "reset/from RUNNING";
  static final String AT_END = "reset/at the end";

  private ResetChecks() {
  }

  /** Returns the id of the check of a reset in a state. */
  public static String id(DeviceState state) {
    return state == DeviceState.ERROR ? FROM_RUNNING : "reset/from " + state;
  }

  static void addFromStates(CheckPlan plan, MigrationFeatures features) {
    addFrom(plan, DeviceState.RUNNING);
    for (DeviceState from : DeviceState.values()) {
      if (from != DeviceState.ERROR && from != DeviceState.RUNNING && features.supports(from)) {
        addFrom(plan, from);
      }
    }
    plan.add(CheckGroup.RESET, "twice", "A reset right after a reset changes nothing.", SpecReferences.RESET,
        bench -> {
          resetAndExpectRunning(bench);
          resetAndExpectRunning(bench);
        });
  }

  static void addDuringSessions(CheckPlan plan) {
    plan.add(CheckGroup.RESET, "while saving",
        "A reset in the middle of reading a state ends the session (ENODEV) and leads to RUNNING.",
        SpecReferences.RESET,
        bench -> {
          bench.profile().exercise(bench.probe());
          SavingSession session = bench.openSaving(DeviceState.STOP_COPY);
          bench.sessionIo().readByte(session);
          resetAndExpectRunning(bench);
          expectEnded(bench, session);
        });
    plan.add(CheckGroup.RESET, "while saving and running",
        "A reset in the middle of pre-copy ends the session (ENODEV) and leads to RUNNING.",
        SpecReferences.RESET,
        bench -> {
          bench.require(MigrationFeature.PRE_COPY);
          SavingSession session = bench.openSaving(DeviceState.PRE_COPY);
          bench.sessionIo().readByte(session);
          resetAndExpectRunning(bench);
          expectEnded(bench, session);
        });
    plan.add(CheckGroup.RESET, "while resuming",
        "A reset in the middle of writing a state ends the session (ENODEV) and leads to RUNNING.",
        SpecReferences.RESET,
        ResetChecks::resetWhileResuming);
  }

  /** Adds the check that is done at last, after which nothing more happens to the device. */
  static void addLast(CheckPlan plan) {
    plan.add(CheckGroup.RESET, "at the end", "After all checks the device can be left in RUNNING.",
        SpecReferences.RESET,
        bench -> Expect.state(bench, DeviceState.RUNNING, "at the end"));
  }

  private static void addFrom(CheckPlan plan, DeviceState from) {
    plan.add(CheckGroup.RESET, "from " + from,
        "A reset in %s leads to RUNNING, and the device can be moved again."
            .formatted(from),
        SpecReferences.RESET, bench -> {
          DataSession session = null;
          if (from.isSaving()) {
            session = bench.openSaving(from);
          } else if (from == DeviceState.RESUMING) {
            session = bench.openResuming(); // Empty: only a reset leads out of it.
          } else if (from != DeviceState.RUNNING) {
            bench.enter(from);
          }
          resetAndExpectRunning(bench);
          if (session != null) {
            expectEnded(bench, session);
          }
          bench.enter(DeviceState.STOP);
        });
  }

  private static void resetWhileResuming(CheckContext bench) throws VerdictException, DeviceException {
    byte[] state = bench.savedState();
    ResumingSession session = bench.openResuming();
    bench.write(session, Arrays.copyOf(state, state.length / 2 & -Long.BYTES));
    resetAndExpectRunning(bench);
    expectEnded(bench, session);
  }

  static void resetAndExpectRunning(CheckContext bench) throws VerdictException, DeviceException {
    Expect.succeeds("a reset that works", () -> {
      if (bench.probe() instanceof DeviceProbe.ResetProbe resetting) {
        resetting.resetOnly();
      } else {
        bench.device().reset();
      }
    });
    Expect.state(bench, DeviceState.RUNNING, "after a reset");
  }

  static void expectEnded(CheckContext bench, DataSession session) throws VerdictException, DeviceException {
    switch (session) {
      case SavingSession saving -> Expect.refused("reading from the session that has ended",
          () -> saving.read(bench.sessionIo().buffer(1)), Errno.ENODEV);
      case ResumingSession resuming -> Expect.refused("writing to the session that has ended",
          () -> resuming.write(bench.sessionIo().buffer(1)), Errno.ENODEV);
    }
  }
}
